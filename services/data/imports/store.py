"""The static SQL of import jobs."""

from __future__ import annotations

COLUMNS = """
id::text, kind, undoes::text, entity, status, file_id::text, dry_run, options::text, owner::text, origin::text,
rows, done, created, updated, refused, undone, effects::text, error::text, attempts, claim::text,
to_json(_i.created_at) #>> '{}' AS created_at, to_json(_i.started_at) #>> '{}' AS started_at,
to_json(_i.finished_at) #>> '{}' AS finished_at,
(SELECT _u.id::text FROM data.imports _u WHERE _u.undoes = _i.id) AS undo_id
"""
FIND = f"SELECT {COLUMNS} FROM data.imports _i WHERE id = $1"
LOCK = f"{FIND} FOR UPDATE OF _i"
# $1 entity, $2 owner's id or null for all, $3 status or null, $4 kind or null.
CHOSEN = """
data.imports _i WHERE entity = $1 AND ($2::text IS NULL OR owner ->> 0 = $2)
AND ($3::text IS NULL OR status = $3) AND ($4::text IS NULL OR kind = $4)
"""
COUNT = f"SELECT count(*) FROM {CHOSEN}"
LIST = f"SELECT {COLUMNS} FROM {CHOSEN} ORDER BY id DESC LIMIT $5 OFFSET $6"
WAITING = "SELECT count(*) FROM data.imports WHERE status IN ('queued', 'running')"
# From now on the job keeps the file; nothing if the sweeper has given the upload up.
CREATE = """
WITH _announced AS (DELETE FROM data.loose_files WHERE id = $2 AND NOT given_up RETURNING id)
INSERT INTO data.imports (id, kind, entity, file_id, dry_run, options, owner, origin)
SELECT $1, 'import', $3, id, $4, $5, $6, $7 FROM _announced RETURNING id
"""
CREATE_UNDO = """
INSERT INTO data.imports (id, kind, undoes, entity, options, owner, origin, rows)
VALUES ($1, 'undo', $2, $3, $4, $5, $6, $7)
"""
QUEUE = """
UPDATE data.imports SET status = 'queued', error = NULL, attempts = 0, due_at = now(), finished_at = NULL,
    claim = NULL, claimed_until = NULL, owner = coalesce($2, owner), origin = coalesce($3, origin)
WHERE id = $1
"""
END = """
UPDATE data.imports SET status = $2, error = $3, finished_at = now(), claim = NULL, claimed_until = NULL WHERE id = $1
"""
RETRY = "UPDATE data.imports SET due_at = now() + $2 * interval '1 second', claimed_until = NULL WHERE id = $1"
# The bytes go with the next sweep, unless the gateway removes them at once.
RELEASE_FILE = """
WITH _released AS (
    UPDATE data.imports SET file_id = NULL WHERE id = ANY($1::uuid[]) AND file_id IS NOT NULL
    RETURNING WITH (OLD AS _was) _was.file_id AS id
)
INSERT INTO data.loose_files (id, given_up) SELECT id, true FROM _released RETURNING id::text
"""

# Workers: claims follow one another, so that the limit per app holds.
SERIALISE_CLAIMS = "SELECT pg_advisory_xact_lock(hashtextextended('rocket imports', 0))"
RUNNING = "SELECT count(*) FROM data.imports WHERE status = 'running' AND claimed_until > now()"
CLAIM = f"""
UPDATE data.imports _i SET status = 'running', claim = $1, claimed_until = now() + $2 * interval '1 second',
    attempts = attempts + 1, started_at = coalesce(started_at, now())
WHERE id IN (
    SELECT id FROM data.imports
    WHERE status IN ('queued', 'running') AND due_at <= now() AND (claimed_until IS NULL OR claimed_until <= now())
    ORDER BY status DESC, id LIMIT $3 FOR UPDATE SKIP LOCKED
) RETURNING {COLUMNS}
"""
NEXT = """
SELECT extract(epoch FROM min(greatest(due_at, coalesce(claimed_until, due_at))) - now())::float8
FROM data.imports WHERE status IN ('queued', 'running')
"""
KEEP_CLAIM = "UPDATE data.imports SET claimed_until = now() + $2 * interval '1 second' WHERE id = $1"
BEGIN = "UPDATE data.imports SET rows = $2 WHERE id = $1"
ADVANCE = """
UPDATE data.imports SET done = done + $2, created = created + $3, updated = updated + $4, refused = refused + $5,
    effects = coalesce($6, effects), attempts = 0, claimed_until = now() + $7 * interval '1 second'
WHERE id = $1
"""
NOTE_COMMIT = "INSERT INTO data.import_commits (import, first, rows, commit_id) VALUES ($1, $2, $3, $4)"
NOTE_REFUSALS = """
INSERT INTO data.import_refusals (import, row, reasons, cells)
SELECT $1, * FROM unnest($2::bigint[], $3::jsonb[], $4::jsonb[]) ON CONFLICT (import, row) DO NOTHING
"""
# Values of a file: those that an earlier row has are returned with its number.
KNOWN_VALUES = """
SELECT field, hash::text AS hash, row FROM data.import_values
WHERE import = $1 AND (field, hash) IN (SELECT * FROM unnest($2::text[], $3::uuid[]))
"""
NOTE_VALUES = """
INSERT INTO data.import_values (import, field, hash, row)
SELECT $1, * FROM unnest($2::text[], $3::uuid[], $4::bigint[]) ON CONFLICT DO NOTHING
"""
FORGET_VALUES = "DELETE FROM data.import_values WHERE import = $1"

LAST_COMMIT = """
SELECT first, rows, commit_id::text FROM data.import_commits WHERE import = $1 AND NOT undone
ORDER BY first DESC LIMIT 1
"""
COMMITTED_ROWS = "SELECT coalesce(sum(rows), 0)::bigint FROM data.import_commits WHERE import = $1 AND NOT undone"
NOTE_UNDONE = "UPDATE data.import_commits SET undone = true WHERE import = $1 AND first = $2"
ADVANCE_UNDONE = "UPDATE data.imports SET undone = undone + $2 WHERE id = $1"

REFUSALS_AFTER = """
SELECT row, reasons::text, cells::text FROM data.import_refusals WHERE import = $1 AND row > $2 ORDER BY row LIMIT $3
"""
REFUSALS_PAGE = """
SELECT row, reasons::text, cells::text FROM data.import_refusals WHERE import = $1 ORDER BY row LIMIT $2 OFFSET $3
"""

# Pruning: $1 are days after the end.
OLD_FILES = """
SELECT id FROM data.imports WHERE file_id IS NOT NULL AND finished_at < now() - $1 * interval '1 day' LIMIT 1000
"""
PRUNE = """
DELETE FROM data.imports WHERE id IN (
    SELECT _i.id FROM data.imports _i
    WHERE finished_at < now() - $1 * interval '1 day' AND file_id IS NULL AND NOT EXISTS (
        SELECT FROM data.imports _u
        WHERE _u.undoes = _i.id AND coalesce(_u.finished_at, now()) >= now() - $1 * interval '1 day')
    LIMIT 100
)
"""
ANY_LEFT = "SELECT EXISTS (SELECT FROM data.imports WHERE status NOT IN ('queued', 'running'))"
