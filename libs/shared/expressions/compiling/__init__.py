"""Compiles trees to Python closures, each specialized for its node: nothing is looked up twice at run time."""
