"""Consumers of the commit stream: dead letters, live streams, outside subscribers."""
