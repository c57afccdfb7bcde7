"""Every statement about files, and about loose ones: ids whose bytes may lie in storage undescribed."""

from __future__ import annotations

COLUMNS = "id::text, filename, mime_type, size, extract(epoch FROM created_at)::float8 AS created_at"

ANNOUNCE = "INSERT INTO data.loose_files (id) VALUES ($1) ON CONFLICT (id) DO NOTHING"
# No longer loose and described, in one statement; nothing if the sweeper has given the file up.
REGISTER = """
WITH _announced AS (DELETE FROM data.loose_files WHERE id = $1 AND NOT given_up RETURNING id)
INSERT INTO data.files (id, filename, mime_type, size, uploaded_by)
SELECT id, $2, $3, $4, $5 FROM _announced
RETURNING extract(epoch FROM created_at)::float8
"""
FIND = f"SELECT {COLUMNS}, uploaded_by::text FROM data.files WHERE id = $1"
LOCK = "SELECT id FROM data.files WHERE id = $1 FOR UPDATE"
REMOVE = f"""
WITH _removed AS (DELETE FROM data.files WHERE id = $1 RETURNING *),
     _loose AS (INSERT INTO data.loose_files (id, given_up) SELECT id, true FROM _removed)
SELECT {COLUMNS} FROM _removed
"""
LIST = """
SELECT coalesce(json_agg(row_to_json(_f)), '[]')::text FROM (
    SELECT id, filename, mime_type, size, uploaded_by, created_at FROM data.files ORDER BY id DESC LIMIT 1000
) _f
"""
# Given up before the bytes are removed, so that a late registration finds nothing to register.
GIVE_UP = """
UPDATE data.loose_files SET given_up = true WHERE id IN (
    SELECT id FROM data.loose_files WHERE since <= now() - $1 * interval '1 second' ORDER BY since LIMIT 1000
) RETURNING id::text
"""
# Seconds until the next one is old enough. Never below 1, so that what can't be removed is tried without haste.
NEXT = """
SELECT greatest(1.0, extract(epoch FROM since - now()) + $1)::float8 FROM data.loose_files ORDER BY since LIMIT 1
"""
FORGET = "DELETE FROM data.loose_files WHERE id = ANY($1::uuid[]) RETURNING id::text"
