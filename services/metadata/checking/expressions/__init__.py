"""Expressions, templates and paths of definitions: where they stand and what they can read. Pure."""
