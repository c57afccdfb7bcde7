"""The statements of replays over one table. Each sees tables and log at one moment, so writes may go on."""

from __future__ import annotations

from services.data.model import quote
from services.data.replays.table import VERSION, Table

CURRENT = "(SELECT version FROM metadata.schema_version) AS schema_version"


def compared(table: Table) -> str:
    """The next $2 records behind record id $1, as the log has them, beside their rows.

    Columns: record_id, version and position of the newest entry, `same`, the digest of the row, and the two
    images as text where they differ; a row that should not be there has no `expected`, one that is missing no
    `found`.
    """
    return f"""
WITH {_latest(table, "record_id > $1", "LIMIT $2")}, e AS MATERIALIZED (
    SELECT l.record_id, l.version, l.position,
        CASE WHEN l.image IS NOT NULL THEN {table.whole("l.image")} END AS expected, r.version AS found_version, r.found
    FROM l LEFT JOIN LATERAL (
        SELECT t.{VERSION} AS version, {table.image_of("t")} AS found FROM {table.table} t
        WHERE {table.same("t", "l.known")}
    ) r ON true
), c AS (
    SELECT *, expected IS NOT DISTINCT FROM found AND (found IS NULL OR version = found_version) AS same FROM e
)
SELECT record_id, version, position, same, {CURRENT},
    CASE WHEN found IS NOT NULL THEN sha256(convert_to(record_id || ' ' || found_version || ' ' || found, 'UTF8')) END
        AS digest,
    CASE WHEN NOT same THEN expected::text END AS expected, CASE WHEN NOT same THEN found::text END AS found
FROM c ORDER BY record_id
"""


def strays(table: Table, from_start: bool) -> str:
    """The next $1 rows behind the key whose parts are $2, $3, … (as text), and whether the log does not know them."""
    columns = ", ".join(f"t.{quote(key)}" for key in table.keys)
    values = ", ".join(f"${n}::text::{kind}" for n, kind in enumerate(table.types, 2))
    behind = "" if from_start else f"WHERE ({columns}) > ({values})"
    parts = ", ".join(f"t.{quote(key)}::text AS k{n}" for n, key in enumerate(table.keys))
    return f"""
SELECT {parts}, {table.record_id("t")} AS record_id, {CURRENT},
    NOT EXISTS (SELECT FROM data.commits c WHERE c.entity = {table.number} AND c.record_id = {table.record_id("t")})
        AS stray
FROM {table.table} t {behind} ORDER BY {columns} LIMIT $1
"""


def filled(table: Table, target: str) -> str:
    """Put the next $2 records behind record id $1 into `target`, as they were at position $3; answers how many."""
    return f"""
WITH {_latest(table, "record_id > $1 AND position <= $3", "LIMIT $2")}, put AS ({_put(table, target)}
    ON CONFLICT DO NOTHING)
SELECT max(record_id) AS last, count(*) AS records FROM l
"""


def taken_out(table: Table, target: str) -> str:
    """Take the records that were changed behind position $1, up to $2 if that is given, out of `target`."""
    return f"""
WITH {_latest(table, _changed(table), "")}
DELETE FROM {target} t USING l WHERE {table.same("t", "l.known")}
"""


def put_again(table: Table, target: str) -> str:
    """Put those that are still there into it again, as they were at $2, or are; answers how many were changed."""
    return f"""
WITH {_latest(table, _changed(table), "")}, put AS ({_put(table, target)})
SELECT count(*) FROM l
"""


def _changed(table: Table) -> str:
    until = "($2::bigint IS NULL OR position <= $2)"
    return (
        f"{until} AND record_id IN (SELECT record_id FROM data.commits "
        f"WHERE entity = {table.number} AND position > $1 AND {until})"
    )


def _latest(table: Table, chosen: str, limit: str) -> str:
    """The newest of the chosen entries of each record; `known` is the last image that there was of it."""
    return f"""k AS MATERIALIZED (
    SELECT record_id, max(version) AS version FROM data.commits WHERE entity = {table.number} AND {chosen}
    GROUP BY record_id ORDER BY record_id {limit}
), l AS MATERIALIZED (
    SELECT k.record_id, k.version, c.position, c.image, coalesce(c.image, c.previous) AS known
    FROM k JOIN data.commits c ON c.entity = {table.number} AND c.record_id = k.record_id AND c.version = k.version
)"""


def _put(table: Table, target: str) -> str:
    named = ", ".join(f"l.image -> '{key}' AS {quote(column)}" for column, key in table.columns.items())
    columns = ", ".join(map(quote, table.columns))
    values = ", ".join(f"r.{quote(column)}" for column in table.columns)
    return f"""
    INSERT INTO {target} AS x ({columns}, {VERSION}) SELECT {values}, l.version FROM l,
        LATERAL jsonb_populate_record(NULL::{table.table}, (SELECT to_jsonb(_i) FROM (SELECT {named}) _i)) r
    WHERE l.image IS NOT NULL"""
