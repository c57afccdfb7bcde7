"""Generated definitions, records and requests against the running system, checked by plain Python models."""
