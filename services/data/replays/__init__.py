"""Replays of the log: verify that tables agree with it, and rebuild tables from it."""
