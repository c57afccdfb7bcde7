"""Repairs damaged log entries from the versions before and after them and from the table."""
