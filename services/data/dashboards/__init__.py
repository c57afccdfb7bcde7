"""Dashboards: their widgets, answered with the rights of who looks, all of one moment."""
