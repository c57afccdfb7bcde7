"""Expressions, templates and paths of definitions: where they stand, what they see, what is wrong, what follows names.

A kind with a new place for expressions says so in `places.py`, and nowhere else.
"""
