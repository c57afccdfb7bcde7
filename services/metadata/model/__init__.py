"""Definitions in memory: the stored ones, and the schema that they form. Pure."""
