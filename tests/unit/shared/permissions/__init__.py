"""Conditions of policies."""
