"""Changes rows of one entity and appends their log entries, in one statement.

The values come as arrays, one per column, so the text depends only on the entity, the action and the columns: it is
made once and stays prepared, for any number of rows.

1. The schema fence: under another schema version the statement changes nothing and returns no row.
2. Records that the rows refer to are locked (FOR KEY SHARE), so that none is deleted meanwhile. A row whose reference
   is missing is left out.
3. The rows are changed, and so locked.
4. Positions are taken by `nextval`, after the locks: for one record the order of positions is the order of versions.
   The lock on the log's table, taken before anything runs, is what the relay reads when a number is missing.

Names that the statement adds begin with _, as no field, entity or table does (services/data/model/naming.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from libs.shared.schema import DELETED, VERSION_COLUMN
from libs.shared.schema.fields import STAMPS
from services.data.model import EntityModel, Link, quote
from services.data.writes.statements.changes import Action, RowChange, Written

VERSION = quote(VERSION_COLUMN)
OLD, NEW = "_old", "_new"
RETURNING = f"RETURNING WITH (OLD AS {OLD}, NEW AS {NEW})"
"""A row before and after, by names that no table has."""
LOG_COLUMNS = (
    ("_commit", "uuid"), ("_context", "jsonb"), ("_trace", "uuid"), ("_effect_key", "text"), ("_effects", "jsonb"),
)  # fmt: skip
"""What each row brings for its log entry."""
LOCK_TIMEOUT = "100ms"
"""How long a statement that skips locked rows waits where it must wait; then it fails for all of its rows."""


class LogMode(Enum):
    """How rows get into the log: each as a commit of its own, all as one commit, or by a later statement."""

    APART = "apart"
    TOGETHER = "together"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class StatementShape:
    """What a statement's text depends on, beside the entity.

    `columns` are those that the rows bring values for. Without `waits`, rows and references that another transaction
    has locked are left out instead of waited for.
    """

    action: Action
    columns: tuple[str, ...]
    log: LogMode = LogMode.APART
    waits: bool = True
    amends: bool = False
    """This commit has written the rows before: they keep the version that they have by that."""


def statement(
    entity: EntityModel, shape: StatementShape, rows: Sequence[RowChange], schema_version: int
) -> tuple[str, list[Any]]:
    """SQL and parameters. The rows of the result: n (place among `rows`, from 1), position, version, key, record.

    With LogMode.LATER the position is null, and there are also image and previous.
    """
    try:
        text = entity.statements[shape]
    except KeyError:
        text = entity.statements[shape] = _text(entity, shape)
    return text, [schema_version, *_arrays(entity, shape, rows)]


def written_row(row: Any) -> Written:
    """The outcome that a row of the result says."""
    return Written(row["key"], row["version"], row["record"], row["position"] or 0)


def _arrays(entity: EntityModel, shape: StatementShape, rows: Sequence[RowChange]) -> list[list[Any]]:
    arrays: list[list[Any]] = [
        [row.command.id for row in rows],
        [row.command.context for row in rows],
        [row.command.trace_id for row in rows],
        [row.command.effect_key for row in rows],
        [row.effects for row in rows],
    ]
    if shape.action is not Action.CREATE:
        arrays.append([row.if_version for row in rows])
        arrays += [[row.key[n] for row in rows if row.key] for n in range(len(entity.key.names))]
    return arrays + [[row.values[name] for row in rows] for name in shape.columns]


def _text(entity: EntityModel, shape: StatementShape) -> str:
    given = _Given(entity, shape)
    changed = _inserted(entity, shape, given) if shape.action is Action.CREATE else _changed(entity, shape)
    ctes = [f"_u AS MATERIALIZED ({given.select})", *_references(entity, shape), f"_row AS ({changed})"]
    if shape.log is LogMode.TOGETHER:
        # The count makes this wait until all rows are changed, and so locked.
        ctes.append(
            "_p AS MATERIALIZED (SELECT nextval('data.position') AS position "
            "FROM (SELECT count(*) AS rows FROM _row) _c WHERE _c.rows > 0)"
        )
    ctes.append(f"_entry AS MATERIALIZED ({_entries(entity, shape)})")
    answer = "_entry.n, _entry.position, _entry.version, _entry.key, _entry.record"
    if shape.log is LogMode.LATER:
        return f"WITH {', '.join(ctes)} SELECT {answer}, _entry.image::text, _entry.previous::text FROM _entry"
    ctes.append(
        "_logged AS (INSERT INTO data.commits (position, n, commit_id, entity, record_id, version, action, image, "
        "previous, context, effects, effect_key, trace_id, schema_version, at) "
        f"SELECT _e.position, {'1' if shape.log is LogMode.APART else '_e.n'}, _e._commit, {entity.number}, _e.key, "
        f"_e.version, '{shape.action.value}', _e.image, _e.previous, _e._context, _e._effects, _e._effect_key, "
        "_e._trace, $1, clock_timestamp() FROM _entry _e)"
    )
    return f"WITH {', '.join(ctes)} SELECT {answer} FROM _entry"


class _Given:
    """The rows as the statement is given them: a relation `_u` made of arrays, and its columns."""

    def __init__(self, entity: EntityModel, shape: StatementShape) -> None:
        columns = list(LOG_COLUMNS)
        if shape.action is not Action.CREATE:
            columns.append(("_if", "bigint"))
            columns += [(f"_k{n}", kind) for n, kind in enumerate(entity.key.types)]
        # The precision is applied by assignment to the column, which rounds half away from zero.
        columns += [(quote(name), entity.column_type(name)) for name in shape.columns]
        arrays = ", ".join(f"${n}::{kind}[]" for n, (_, kind) in enumerate(columns, 2))
        names = ", ".join(name for name, _ in columns)
        self.numbered = shape.action is Action.CREATE and not set(entity.key.names) <= set(shape.columns)
        number = ""
        if self.numbered:
            # Names of tables and fields hold no quotation marks.
            sequence = f"pg_get_serial_sequence('{entity.table}', '{entity.key.names[0]}')"
            number = f", nextval({sequence}::regclass)::{entity.key.types[0]} AS {quote(entity.key.names[0])}"
        order = "" if shape.action is Action.CREATE else f" ORDER BY {', '.join(_given_keys(entity))}"
        # A unique value may be taken by a transaction that is still open: this is waited for, not left out.
        brief = "" if shape.waits else f", set_config('lock_timeout', '{LOCK_TIMEOUT}', true) AS _t"
        self.select = f"SELECT _u.*{number} FROM unnest({arrays}) WITH ORDINALITY AS _u({names}, _n){brief}{order}"


def _given_keys(entity: EntityModel) -> list[str]:
    return [f"_u._k{n}" for n in range(len(entity.key.names))]


def _references(entity: EntityModel, shape: StatementShape) -> list[str]:
    """Locks on the records that the rows refer to."""
    skip = "" if shape.waits else " SKIP LOCKED"
    return [
        f"_ref{number} AS MATERIALIZED (SELECT _s.{quote(link.other)} AS key FROM {target} _s "
        f"WHERE _s.{quote(link.other)} IN (SELECT _u.{quote(link.own)} FROM _u) AND {alive} FOR KEY SHARE OF _s{skip})"
        for number, (link, target, alive) in enumerate(_referring(entity, shape))
    ]


def _referring(entity: EntityModel, shape: StatementShape) -> list[tuple[Link, str, str]]:
    """The references that the columns of a shape set: link, table and liveness of the other end."""
    return [(link, *entity.parent(link)) for link in entity.references if link.own in shape.columns]


def _referred(entity: EntityModel, shape: StatementShape) -> str:
    """The condition that everything a row refers to is there; rows of the same statement may refer to one another."""
    clauses = []
    for number, (link, _, _) in enumerate(_referring(entity, shape)):
        own = f"_u.{quote(link.own)}"
        clause = f"{own} IS NULL OR {own} IN (SELECT _l.key FROM _ref{number} _l)"
        if link.entity == entity.name and shape.action is Action.CREATE and link.other in shape.columns:
            clause += f" OR {own} IN (SELECT _o.{quote(link.other)} FROM _u _o)"
        clauses.append(f"({clause})")
        if link.entity == entity.name and shape.action is not Action.CREATE:
            # Has the lock taken before the first row is changed: one that the statement has changed can't be locked.
            clauses.append(f"(SELECT count(*) FROM _ref{number}) >= 0")
    return " AND ".join(clauses) or "true"


def _inserted(entity: EntityModel, shape: StatementShape, given: _Given) -> str:
    columns, expressions = [VERSION], [_first_version(entity)]
    if given.numbered:
        columns.append(quote(entity.key.names[0]))
        expressions.append(f"_u.{columns[-1]}")
    for name in shape.columns:
        columns.append(quote(name))
        expressions.append(f"_u.{columns[-1]}")
    for field in entity.fields.values():
        if field.auto in STAMPS and field.name not in shape.columns:
            columns.append(quote(field.name))
            expressions.append("now()")
    return (
        f"INSERT INTO {entity.table} ({', '.join(columns)}) SELECT {', '.join(expressions)} "
        f"FROM _u, metadata.schema_version _v WHERE _v.version = $1 AND {_referred(entity, shape)} "
        f"ORDER BY _u._n {RETURNING} {returned(entity, NEW)}"
    )


def _first_version(entity: EntityModel) -> str:
    """Versions go on after deletion and re-creation."""
    if entity.key.generated:
        return "1"
    return (
        f"coalesce((SELECT max(_c.version) FROM data.commits _c "
        f"WHERE _c.entity = {entity.number} AND _c.record_id = {entity.key.sql_text('_u')}), 0) + 1"
    )


def _changed(entity: EntityModel, shape: StatementShape) -> str:
    alive = entity.alive("_r") if shape.action is not Action.RESTORE else f"NOT ({entity.alive('_r')})"
    where = (
        f"_v.version = $1 AND {_same(entity, '_r')} AND {alive} AND (_u._if IS NULL OR _r.{VERSION} = _u._if) "
        f"AND {_referred(entity, shape)}"
    )
    if not shape.waits:
        where += (
            f" AND _r.ctid = ANY (ARRAY(SELECT _f.ctid FROM {entity.table} _f, _u WHERE {_same(entity, '_f')} "
            "FOR NO KEY UPDATE OF _f SKIP LOCKED))"
        )
    if shape.action is Action.DELETE and not entity.soft_delete:
        return (
            f"DELETE FROM {entity.table} AS _r USING _u, metadata.schema_version _v WHERE {where} "
            f"{RETURNING} _u._n AS _n, {returned(entity, OLD)}"
        )
    assignments = _assignments(entity, shape)
    sets = ", ".join(f"{quote(name)} = {expression}" for name, expression in assignments.items())
    before = [f"{OLD}.{quote(name)} AS {old_column(entity, name)}" for name in assignments]
    answered = ", ".join(["_u._n AS _n", returned(entity, NEW), *before])
    return (
        f"UPDATE {entity.table} AS _r SET {sets}, {VERSION} = _r.{VERSION} + {0 if shape.amends else 1} "
        f"FROM _u, metadata.schema_version _v WHERE {where} {RETURNING} {answered}"
    )


def _same(entity: EntityModel, row: str) -> str:
    keys = zip(entity.key.columns(row), _given_keys(entity), strict=True)
    return " AND ".join(f"{column} = {given}" for column, given in keys)


def _assignments(entity: EntityModel, shape: StatementShape) -> dict[str, str]:
    if shape.action is Action.DELETE:
        return {DELETED: "now()"}
    if shape.action is Action.RESTORE:
        return {DELETED: "NULL"} | {name: f"_u.{quote(name)}" for name in shape.columns}
    if shape.amends:
        return {name: f"_u.{quote(name)}" for name in shape.columns}
    stamps = {f.name: "now()" for f in entity.fields.values() if f.auto == "update" and f.name not in shape.columns}
    return {name: f"_u.{quote(name)}" for name in shape.columns} | stamps


def old_column(entity: EntityModel, name: str) -> str:
    """The column that keeps what a field was."""
    return quote("_old_" + entity.image_ids[name])


def returned(entity: EntityModel, which: str) -> str:
    """The columns of a changed row as it was (OLD) or is (NEW)."""
    names = [*entity.image_ids, VERSION_COLUMN]
    return ", ".join(f"{which}.{quote(name)} AS {quote(name)}" for name in names)


def _entries(entity: EntityModel, shape: StatementShape) -> str:
    removed = shape.action is Action.DELETE and not entity.soft_delete
    version = f"_row.{VERSION} + 1" if removed else f"_row.{VERSION}"
    image = "NULL::jsonb" if removed else image_sql(entity)
    position = {
        LogMode.APART: "nextval('data.position')", LogMode.TOGETHER: "_p.position", LogMode.LATER: "NULL::bigint",
    }[shape.log]  # fmt: skip
    joined = " CROSS JOIN _p" if shape.log is LogMode.TOGETHER else ""
    by = _same_key(entity) if shape.action is Action.CREATE else "_u._n = _row._n"
    extra = ", ".join(f"_u.{name}" for name, _ in LOG_COLUMNS)
    return (
        f"SELECT _u._n::int AS n, {position} AS position, {version} AS version, {entity.key.sql_text('_row')} AS key, "
        f"{entity.json('_row')} AS record, {image} AS image, {_previous(entity, shape)} AS previous, {extra} "
        f"FROM _row JOIN _u ON {by}{joined}"
    )


def _same_key(entity: EntityModel) -> str:
    return " AND ".join(f"_row.{quote(name)} = _u.{quote(name)}" for name in entity.key.names)


def image_sql(entity: EntityModel) -> str:
    """The whole record by field ids, which outlive names."""
    pairs = ", ".join(f"_row.{quote(name)} AS {quote(key)}" for name, key in entity.image_ids.items())
    return f"(SELECT to_jsonb(_i) FROM (SELECT {pairs}) _i)"


def _previous(entity: EntityModel, shape: StatementShape) -> str:
    """What the log keeps of the row before: nothing, all of a removed one, else what was set."""
    if shape.action is Action.CREATE:
        return "NULL::jsonb"
    if shape.action is Action.DELETE and not entity.soft_delete:
        return image_sql(entity)
    return previous_sql(entity, list(_assignments(entity, shape)))


def previous_sql(entity: EntityModel, names: Sequence[str]) -> str:
    """What fields were, by their ids."""
    pairs = ", ".join(f"_row.{old_column(entity, name)} AS {quote(entity.image_ids[name])}" for name in names)
    return f"(SELECT to_jsonb(_i) FROM (SELECT {pairs}) _i)"
