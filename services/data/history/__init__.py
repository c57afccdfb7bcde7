"""What a caller may see of the log: versions of records, and whole commits."""
