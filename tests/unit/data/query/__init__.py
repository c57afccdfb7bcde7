"""The data service: lists, cursors, aggregates."""
