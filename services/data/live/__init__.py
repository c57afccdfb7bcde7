"""Live queries: what each caller sees of the commits behind a position."""
