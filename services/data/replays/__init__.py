"""Replays of the log: whether tables are what it says, and tables made anew from it."""
