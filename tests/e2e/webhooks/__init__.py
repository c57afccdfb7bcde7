"""Webhooks, before and after the commit."""
