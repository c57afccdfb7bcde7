"""The static SQL of preparing."""

from __future__ import annotations

# Requests whose slug was taken meanwhile make their slugs one after the other, per entity ($1 its number).
LOCK_SLUGS = "SELECT pg_advisory_xact_lock(hashtextextended('slugs', $1))"
# Files are locked until the end: who removes one waits, and then finds the records that hold it. $1 ids.
DESCRIBE_FILES = """
SELECT id, uploaded_by::text AS uploaded_by,
    jsonb_build_object('id', id, 'filename', filename, 'size', size, 'mime_type', mime_type)::text AS text
FROM data.files WHERE id = ANY($1::uuid[]) ORDER BY id FOR KEY SHARE
"""
