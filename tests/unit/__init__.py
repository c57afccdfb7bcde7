"""Unit tests: decisions without I/O."""
