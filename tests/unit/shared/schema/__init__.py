"""Definitions and their snapshots."""
