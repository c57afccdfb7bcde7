"""Seals: the log protects itself. Ranges of it are hashed in a chain, behind the settled position."""
