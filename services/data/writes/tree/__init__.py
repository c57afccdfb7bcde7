"""Nested writes: a record is saved with its children, level by level, in a few statements per level."""
