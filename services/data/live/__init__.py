"""Live queries: the changes after a position that a caller may see."""
