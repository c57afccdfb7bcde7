"""The static SQL of undoing."""

from __future__ import annotations

FIRST_ENTITY = "SELECT entity FROM data.commits WHERE position = $1 ORDER BY n LIMIT 1"
# $1 entity numbers, $2 record ids.
NEWEST_VERSIONS = """
SELECT _c.entity, _c.record_id, max(_c.version) AS version
FROM unnest($1::int[], $2::text[]) AS _k(entity, record_id)
JOIN data.commits _c ON _c.entity = _k.entity AND _c.record_id = _k.record_id GROUP BY 1, 2
"""
