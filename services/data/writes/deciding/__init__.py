"""Applies rules and state machines to drafts: loads what they read, then calls the pure decisions."""
