"""Workflows, approvals and business events."""
