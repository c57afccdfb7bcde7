"""Workflows that a time table starts: `times` (pure), `store`, `syncing` with their definitions, `firing`."""
