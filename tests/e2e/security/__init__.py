"""Attacks, and secrets in logs."""
