"""Repairs of log entries that are not what they must be: worked out from the versions beside them and the table."""
