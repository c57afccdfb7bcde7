"""Bodies and parameters of requests."""
