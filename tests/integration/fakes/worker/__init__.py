"""A service that prints, dies when told, and leaves on SIGTERM."""
