"""Accounts, logins, sessions, second factors and API keys."""
