"""Verifies deliveries against the commits that caused them."""
