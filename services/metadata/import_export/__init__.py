"""Definitions and sample records as one document: exported, imported, planned and applied."""
