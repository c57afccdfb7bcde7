"""Webhooks that are asked before a write: rehearse, ask, carry out."""
