"""Parses and normalizes definitions that were sent, and checks them against the schema. Pure."""
