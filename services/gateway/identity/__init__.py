"""Users, passwords, tokens and sessions, of the platform and of every app."""
