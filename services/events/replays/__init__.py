"""Verifies the audit log against the commit log, and rebuilds it."""
