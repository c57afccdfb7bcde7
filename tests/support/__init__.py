"""Helpers that tests share: a client of the REST API, receivers, running systems."""
