"""Synchronous webhooks within a write: rehearse it, call them, carry it out."""
