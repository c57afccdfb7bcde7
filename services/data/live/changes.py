"""What a caller sees of a stretch of the log, as SQL.

The caller's grant and filters, compiled as for any list, are asked about each record before and after
the commit. What meets them after it is told with the record; what met them before and does not any
more has left, and only its id is told. As for any look at the past, today's permissions must also hold
for the record as it is now, if it is still there.
"""

from __future__ import annotations

from typing import NamedTuple

from services.data.model import EntityModel, Model, quote
from services.data.query.compiler import Compiler
from services.data.query.past import columns_of, still_sql
from services.data.query.shapes import Chosen, Shown
from services.data.query.sources import Tables
from services.data.query.visibility import About

AFTER, UNTIL = "$1::bigint", "$2::bigint"
RESERVED = 2
"""Values that come before those of the caller's filters."""

# How many records each commit of a stretch has changed, for the entities in $3.
STRETCH = """
SELECT position, count(*) AS changes FROM data.commits
WHERE position > $1 AND position <= $2 AND entity = ANY($3::int[]) GROUP BY position ORDER BY position LIMIT $4
"""


class Watched(NamedTuple):
    """What is watched of an entity. With `counted`, changes are only counted."""

    chosen: Chosen
    shown: Shown
    counted: bool = False


class Images(Tables):
    """The tables, beside a record as it was: what may be seen of that is asked about it as it is now, too."""

    def __init__(self, then: str) -> None:
        self._then = then

    def both(self, entity: EntityModel, row: str, condition: About) -> str:
        if row != self._then:
            return condition(row)
        return f"({condition(row)} AND {still_sql(entity, row, condition)})"


def changes_sql(model: Model, entity: EntityModel, watched: Watched) -> str:
    """The changes behind $1 up to $2: columns schema_version, position, n, commit_id, at, actor and trace_id of the
    commit, and `change` as JSON. One row with position null if there is none."""
    compiler = Compiler(model, Images("a"))
    after = compiler.chosen(entity, "a", watched.chosen)
    before = compiler.chosen(entity, "b", watched.chosen)
    value, forms = compiler.shown(entity, "a", watched.shown, watched.chosen.visible).objects()
    record = f"CASE WHEN e.visible THEN (SELECT to_json({value}) {forms}) END"
    events = (
        f"SELECT c.position, c.n, c.commit_id::text, to_json(c.at) #>> '{{}}' AS at, "
        f"(c.context -> 'actor')::text AS actor, c.trace_id::text, "
        f"{'NULL::text' if watched.counted else _change(entity, record)} AS change "
        f"FROM ({_entries(entity)}) c "
        f"LEFT JOIN LATERAL {_images(entity, 'c.image', 'a')} ON c.image IS NOT NULL "
        f"LEFT JOIN LATERAL {_images(entity, 'c.former', 'b')} ON c.former IS NOT NULL "
        f"CROSS JOIN LATERAL (SELECT (c.image IS NOT NULL AND {after}) IS TRUE "
        f"AS visible, (c.former IS NOT NULL AND {before}) IS TRUE AS was_visible) e "
        f"WHERE e.visible OR e.was_visible"
    )
    return compiler.statement(
        f"SELECT v.version AS schema_version, k.* FROM metadata.schema_version v "
        f"LEFT JOIN ({events}) k ON true ORDER BY k.position, k.n"
    )


def _entries(entity: EntityModel) -> str:
    """The log's entries with the whole record before and after each."""
    return (
        "SELECT l.*, CASE WHEN l.action = 'create' THEN NULL WHEN l.image IS NULL THEN l.previous "
        "ELSE l.image || coalesce(l.previous, '{}'::jsonb) END AS former FROM data.commits l "
        f"WHERE l.entity = {entity.number} AND l.position > {AFTER} AND l.position <= {UNTIL}"
    )


def _images(entity: EntityModel, image: str, row: str) -> str:
    """An image as a row with the columns of the entity's table."""
    columns = columns_of(entity)
    typed = ", ".join(f'"{field_id}" {kind}' for field_id, kind in columns.values())
    named = ", ".join(f'i."{field_id}" AS {quote(name)}' for name, (field_id, _) in columns.items())
    return f"(SELECT {named} FROM jsonb_to_record({image}) AS i({typed})) {row}"


def _change(entity: EntityModel, record: str) -> str:
    kind = "CASE WHEN NOT e.visible THEN 'left' WHEN e.was_visible THEN 'changed' ELSE 'entered' END"
    name = entity.name.replace("'", "''")
    return (
        f"json_build_object('entity', '{name}', 'id', c.record_id, 'version', c.version, 'action', c.action, "
        f"'change', {kind}, 'record', {record})::text"
    )
