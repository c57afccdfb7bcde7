"""The tests' own helpers."""
