"""Import jobs: their rows and progress, the mapping of columns, and the batches that are written."""
