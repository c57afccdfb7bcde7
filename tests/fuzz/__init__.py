"""Requests made up from our own OpenAPI document: none is a server error, no answer breaks its schema."""
