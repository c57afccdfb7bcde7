"""libs/shared, by its rooms."""
