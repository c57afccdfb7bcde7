"""Cells, mappings and batches of imports."""
