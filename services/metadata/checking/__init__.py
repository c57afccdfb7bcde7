"""Definitions as they are sent: parsed, normalized, and checked against what is defined. Pure."""
