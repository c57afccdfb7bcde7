"""Definitions: what is accepted, how they change, and how they are exported and imported."""
