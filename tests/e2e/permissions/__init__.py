"""Permissions on records and fields, over every path of the API."""
