"""Verifies notifications against the commits that caused them, and the notes of their receivers."""
