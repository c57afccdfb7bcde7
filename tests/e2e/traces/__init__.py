"""Traces, statistics and causes of requests."""
