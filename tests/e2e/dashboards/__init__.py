"""Dashboards, and what their widgets show."""
