"""Reading and writing related records."""
