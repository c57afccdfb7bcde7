"""Commits, earlier versions of records, and undo."""
