"""The statements of replays over one table. Each sees tables and log at one moment, so writes may go on."""

from __future__ import annotations

from services.data.model import quote
from services.data.replays.table import VERSION, Table

CURRENT = "(SELECT _v.version FROM metadata.schema_version _v) AS schema_version"


def compared(table: Table) -> str:
    """The next $2 records after record id $1, as the log has them, beside their rows.

    Columns: record_id, version and position of the newest entry, `same`, the digest of the row, and the two
    images as text where they differ; a row that should not be there has no `expected`, one that is missing no
    `found`.
    """
    return f"""
WITH {_latest(table, "_c.record_id > $1", "LIMIT $2")}, _e AS MATERIALIZED (
    SELECT _l.record_id, _l.version, _l.position,
        CASE WHEN _l.image IS NOT NULL THEN {table.whole("_l.image")} END AS expected,
        _r.version AS found_version, _r.found
    FROM _l LEFT JOIN LATERAL (
        SELECT _t.{VERSION} AS version, {table.image_of("_t")} AS found FROM {table.table} _t
        WHERE {table.same("_t", "_l.known")}
    ) _r ON true
), _c AS (
    SELECT _e.*, _e.expected IS NOT DISTINCT FROM _e.found
        AND (_e.found IS NULL OR _e.version = _e.found_version) AS same FROM _e
)
SELECT _c.record_id, _c.version, _c.position, _c.same, {CURRENT},
    CASE WHEN _c.found IS NOT NULL
        THEN sha256(convert_to(_c.record_id || ' ' || _c.found_version || ' ' || _c.found, 'UTF8')) END AS digest,
    CASE WHEN NOT _c.same THEN _c.expected::text END AS expected, CASE WHEN NOT _c.same THEN _c.found::text END AS found
FROM _c ORDER BY _c.record_id
"""


def strays(table: Table, from_start: bool) -> str:
    """The next $1 rows after the key whose parts are $2, $3, … (as text), and whether the log lacks them."""
    columns = ", ".join(f"_t.{quote(key)}" for key in table.keys)
    values = ", ".join(f"${n}::text::{kind}" for n, kind in enumerate(table.types, 2))
    behind = "" if from_start else f"WHERE ({columns}) > ({values})"
    parts = ", ".join(f"_t.{quote(key)}::text AS k{n}" for n, key in enumerate(table.keys))
    return f"""
SELECT {parts}, {table.record_id("_t")} AS record_id, {CURRENT},
    NOT EXISTS (SELECT FROM data.commits _c WHERE _c.entity = {table.number}
        AND _c.record_id = {table.record_id("_t")})
        AS stray
FROM {table.table} _t {behind} ORDER BY {columns} LIMIT $1
"""


def filled(table: Table, target: str) -> str:
    """Insert the next $2 records after record id $1 into `target`, as they were at position $3; returns the number."""
    return f"""
WITH {_latest(table, "_c.record_id > $1 AND _c.position <= $3", "LIMIT $2")}, _put AS ({_put(table, target)}
    ON CONFLICT DO NOTHING)
SELECT max(_l.record_id) AS last, count(*) AS records FROM _l
"""


def taken_out(table: Table, target: str) -> str:
    """Delete the records that were changed after position $1, up to $2 if that is given, from `target`."""
    return f"""
WITH {_latest(table, _changed(table), "")}
DELETE FROM {target} _t USING _l WHERE {table.same("_t", "_l.known")}
"""


def put_again(table: Table, target: str) -> str:
    """Insert those that still exist again, as they were at $2, or are; returns how many were changed."""
    return f"""
WITH {_latest(table, _changed(table), "")}, _put AS ({_put(table, target)})
SELECT count(*) FROM _l
"""


def _changed(table: Table) -> str:
    until = "($2::bigint IS NULL OR {row}.position <= $2)"
    return (
        f"{until.format(row='_c')} AND _c.record_id IN (SELECT _d.record_id FROM data.commits _d "
        f"WHERE _d.entity = {table.number} AND _d.position > $1 AND {until.format(row='_d')})"
    )


def _latest(table: Table, chosen: str, limit: str) -> str:
    """The newest of the chosen entries of each record; `known` is the last image that there was of it."""
    return f"""_k AS MATERIALIZED (
    SELECT _c.record_id, max(_c.version) AS version FROM data.commits _c WHERE _c.entity = {table.number} AND {chosen}
    GROUP BY _c.record_id ORDER BY _c.record_id {limit}
), _l AS MATERIALIZED (
    SELECT _k.record_id, _k.version, _c.position, _c.image, coalesce(_c.image, _c.previous) AS known
    FROM _k JOIN data.commits _c
        ON _c.entity = {table.number} AND _c.record_id = _k.record_id AND _c.version = _k.version
)"""


def _put(table: Table, target: str) -> str:
    named = ", ".join(f"_l.image -> '{key}' AS {quote(column)}" for column, key in table.columns.items())
    columns = ", ".join(map(quote, table.columns))
    values = ", ".join(f"_r.{quote(column)}" for column in table.columns)
    return f"""
    INSERT INTO {target} AS _t ({columns}, {VERSION}) SELECT {values}, _l.version FROM _l,
        LATERAL jsonb_populate_record(NULL::{table.table}, (SELECT to_jsonb(_i) FROM (SELECT {named}) _i)) _r
    WHERE _l.image IS NOT NULL"""
