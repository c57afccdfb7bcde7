"""Spans: how they are made, shipped and exported."""
