"""What a caller sees of a range of the log, as SQL.

The caller's grant and filters, compiled as for any list, are applied to each record before and after the commit. A
record that matches after it is sent whole; of one that matched only before, which has left, the id is sent. As for all
reads of the past, today's permissions must also hold for the record as it is now, if it still exists.

Nothing may depend on former values of a record, or of a filtered field, that is hidden now. The commit that has hidden
it is sent to all callers that may have seen the record before, so a replayed filter never reveals a past value.
"""

from __future__ import annotations

from typing import NamedTuple

from services.data.model import EntityModel, Model, quote
from services.data.query.compiler import Compiler
from services.data.query.past import columns_of, object_sql, still_sql
from services.data.query.predicates import TEXT_TYPES, Test
from services.data.query.shapes import Criteria, Output
from services.data.query.sources import Tables
from services.data.query.visibility import About, about, access_of, conjunction

AFTER, UNTIL = "$1::bigint", "$2::bigint"
RESERVED_PARAMETERS = 2
"""Values that precede those of the caller's filters."""


class Watched(NamedTuple):
    """Which records of an entity are watched, and their output. With `counted`, changes are only counted."""

    criteria: Criteria
    output: Output
    counted: bool = False


class Images(Tables):
    """The tables, beside records as they were: permissions for those must hold for them as they are now, too."""

    def both(self, entity: EntityModel, row: str, condition: About) -> str:
        if row not in ("_a", "_b"):
            return condition(row)
        return f"({condition(row)} AND {still_sql(entity, row, condition)})"


def changes_sql(model: Model, entity: EntityModel, watched: Watched) -> str:
    """The changes after $1 up to $2: columns schema_version, position, n, commit_id, at, actor and trace_id of the
    commit, and `change` as JSON. One row with position null if there is none."""
    compiler = Compiler(model, Images())
    after = compiler.matches(entity, "_a", watched.criteria)
    before = compiler.matches(entity, "_b", watched.criteria)
    value, forms = compiler.select(entity, "_a", watched.output, watched.criteria.visible).objects()
    record = f"CASE WHEN _e.visible THEN (SELECT to_json({value}) {forms}) END"
    hiding = _hiding(entity, watched.criteria)
    events = (
        f"SELECT _c.position, _c.n, _c.commit_id::text, to_json(_c.at) #>> '{{}}' AS at, "
        f"(_c.context -> 'actor')::text AS actor, _c.trace_id::text, "
        f"{'NULL::text' if watched.counted else _change(entity, record)} AS change "
        f"FROM ({_entries(entity)}) _c "
        f"LEFT JOIN LATERAL {_images(entity, '_c.image', '_a')} ON _c.image IS NOT NULL "
        f"LEFT JOIN LATERAL {_images(entity, '_c.former', '_b')} ON _c.former IS NOT NULL "
        f"CROSS JOIN LATERAL (SELECT (_c.image IS NOT NULL AND {after}) IS TRUE "
        f"AS visible, (_c.former IS NOT NULL AND {before}) IS TRUE AS was_visible, "
        f"(_c.image IS NOT NULL AND _c.former IS NOT NULL AND {hiding}) IS TRUE AS hidden) _e "
        f"WHERE _e.visible OR _e.was_visible OR _e.hidden"
    )
    return compiler.statement(
        f"SELECT _v.version AS schema_version, _k.* FROM metadata.schema_version _v "
        f"LEFT JOIN ({model.bounds.changes(events)}) _k ON true ORDER BY _k.position, _k.n"
    )


def _hiding(entity: EntityModel, criteria: Criteria) -> str:
    """The condition that a commit has hidden a record, or a filtered field, whose past is hidden by now.

    Whether the filters matched then does not matter.
    """
    visible = criteria.visible
    if visible is None:
        return "false"
    rows = about(visible.profile.rows.text, visible)
    fields = [
        about(access.clear.text, visible) for name in _asked(entity, criteria) if (access := access_of(visible, name))
    ]
    known = conjunction([f"({each('_b')} AND {still_sql(entity, '_b', each)})" for each in (rows, *fields)])
    lost = [f"({rows('_a')} AND {entity.alive('_a')}) IS NOT TRUE"]
    lost += [f"({each('_b')} AND ({each('_a')}) IS NOT TRUE)" for each in fields]
    return f"{rows('_b')} AND {entity.alive('_b')} AND ({known}) IS NOT TRUE AND ({' OR '.join(lost)})"


def _asked(entity: EntityModel, criteria: Criteria) -> list[str]:
    """The fields of the criteria that the caller may filter by."""
    names: list[str] = []
    for condition in criteria.conditions:
        if isinstance(condition, Test):
            names.append(condition.field)
        elif (link := entity.link(condition.link)) is not None:
            names.append(link.own)
    if criteria.search and criteria.visible is not None:
        names += [each.name for each in criteria.visible.profile.askable.values() if each.type in TEXT_TYPES]
    return list(dict.fromkeys(names))


def _entries(entity: EntityModel) -> str:
    """The log's entries with the whole record before and after each."""
    return (
        "SELECT _l.*, CASE WHEN _l.action = 'create' THEN NULL WHEN _l.image IS NULL THEN _l.previous "
        "ELSE _l.image || coalesce(_l.previous, '{}'::jsonb) END AS former FROM data.commits _l "
        f"WHERE _l.entity = {entity.number} AND _l.position > {AFTER} AND _l.position <= {UNTIL}"
    )


def _images(entity: EntityModel, image: str, row: str) -> str:
    """An image as a row with the columns of the entity's table."""
    columns = columns_of(entity)
    typed = ", ".join(f'"{field_id}" {kind}' for field_id, kind in columns.values())
    named = ", ".join(f'_i."{field_id}" AS {quote(name)}' for name, (field_id, _) in columns.items())
    return f"(SELECT {named} FROM jsonb_to_record({object_sql(image)}) AS _i({typed})) {row}"


def _change(entity: EntityModel, record: str) -> str:
    kind = "CASE WHEN NOT _e.visible THEN 'left' WHEN _e.was_visible THEN 'changed' ELSE 'entered' END"
    name = entity.name.replace("'", "''")
    return (
        f"json_build_object('entity', '{name}', 'id', _c.record_id, 'version', _c.version, 'action', _c.action, "
        f"'change', {kind}, 'record', {record})::text"
    )
