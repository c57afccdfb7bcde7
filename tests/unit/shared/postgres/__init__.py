"""Queues for connections."""
