"""The pure machine."""
