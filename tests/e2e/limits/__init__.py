"""Limits: of rates, sizes, time, connections, and of the database."""
