"""Verification and rebuilding of what is derived from the commit log."""
