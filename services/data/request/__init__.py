"""What a handler does first: fix the schema version, resolve the moment and the record, run statements."""
