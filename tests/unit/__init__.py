"""No I/O: pure decisions."""
