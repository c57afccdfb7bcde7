"""Compiles the query of a URL into one SQL statement, and batches statements that can be shared."""
