"""Row and log entry in one statement.

The statement begins at the schema fence: under another version it touches nothing and answers no row.
The position is taken by `nextval` in the log's INSERT, which runs for rows that are already locked,
so for one record the order of positions is the order of versions. The log's table lock, taken before
anything runs, is what the relay looks at when a number is missing (libs/shared/bus/relay.py).

Names that the statement adds to a record's own begin with _, as no field's name does.
"""

from __future__ import annotations

from typing import Any

from libs.shared.schema import DELETED, VERSION_COLUMN, FieldDefinition
from services.data.model import EntityModel, KeyValue, quote
from services.data.permissions import Grant
from services.data.query.predicates import Parameters
from services.data.writes.command import Command

VERSION = quote(VERSION_COLUMN)
NEXT_VERSION = quote("_next_version")

Statement = tuple[str, list[Any]]


def create_statement(entity: EntityModel, values: dict[str, Any], command: Command) -> Statement:
    """Insert a record. Answers one row (position, version, record), or none under another schema."""
    parameters = Parameters(command.schema_version)
    columns, expressions = [VERSION], [_first_version(entity, values, parameters)]
    for field in entity.fields.values():
        if field.name in values:
            columns.append(quote(field.name))
            expressions.append(_value(field, values[field.name], parameters))
        elif field.auto:
            columns.append(quote(field.name))
            expressions.append("now()")
    row = (
        f"INSERT INTO {entity.table} ({', '.join(columns)}) SELECT {', '.join(expressions)} "
        f"FROM metadata.schema_version v WHERE v.version = $1 RETURNING {_returned(entity, 'new')}"
    )
    return _with_log(entity, row, "create", "NULL::jsonb", command, parameters), parameters.values


def update_statement(
    entity: EntityModel,
    key: KeyValue,
    values: dict[str, Any],
    grant: Grant,
    if_version: int | None,
    command: Command,
) -> Statement:
    """Set `values`. Answers one row, or none: another schema, no such record, no grant, another version."""
    parameters = Parameters(command.schema_version)
    assignments = {name: _value(entity.fields[name], value, parameters) for name, value in values.items()}
    for field in entity.fields.values():
        if field.auto == "update":
            assignments[field.name] = "now()"
    return _changing(entity, key, assignments, "update", grant, if_version, command, parameters)


def soft_delete_statement(
    entity: EntityModel, key: KeyValue, grant: Grant, if_version: int | None, command: Command
) -> Statement:
    """Mark a record as deleted. Answers as `update_statement` does."""
    parameters = Parameters(command.schema_version)
    return _changing(entity, key, {DELETED: "now()"}, "delete", grant, if_version, command, parameters)


def hard_delete_statement(
    entity: EntityModel, key: KeyValue, grant: Grant, if_version: int | None, command: Command
) -> Statement:
    """Remove a record; the log keeps its last image. Answers as `update_statement` does."""
    parameters = Parameters(command.schema_version)
    row = (
        f"DELETE FROM {entity.table} AS r USING metadata.schema_version v "
        f"WHERE {_chosen(entity, key, grant, if_version, parameters)} RETURNING {_returned(entity, 'old')}, "
        f"old.{VERSION} + 1 AS {NEXT_VERSION}"
    )
    return _with_log(entity, row, "delete", _image(entity), command, parameters), parameters.values


def _changing(
    entity: EntityModel,
    key: KeyValue,
    assignments: dict[str, str],
    action: str,
    grant: Grant,
    if_version: int | None,
    command: Command,
    parameters: Parameters,
) -> Statement:
    sets = ", ".join(f"{quote(name)} = {expression}" for name, expression in assignments.items())
    before = [f"old.{quote(name)} AS {quote('_old_' + entity.image_ids[name])}" for name in assignments]
    row = (
        f"UPDATE {entity.table} AS r SET {sets}, {VERSION} = r.{VERSION} + 1 FROM metadata.schema_version v "
        f"WHERE {_chosen(entity, key, grant, if_version, parameters)} "
        f"RETURNING {', '.join([_returned(entity, 'new'), *before])}"
    )
    pairs = [f"row.{quote('_old_' + entity.image_ids[n])} AS {quote(entity.image_ids[n])}" for n in assignments]
    previous = f"(SELECT to_jsonb(p) FROM (SELECT {', '.join(pairs)}) p)"
    return _with_log(entity, row, action, previous, command, parameters), parameters.values


def _with_log(
    entity: EntityModel, row: str, action: str, previous: str, command: Command, parameters: Parameters
) -> str:
    removed = NEXT_VERSION in row
    version = f"row.{NEXT_VERSION if removed else VERSION}"
    image = "NULL::jsonb" if removed else _image(entity)
    return (
        f"WITH row AS ({row}), logged AS ("
        "INSERT INTO data.commits (position, n, commit_id, entity, record_id, version, action, image, previous, "
        "context, effect_key, trace_id, schema_version, at) "
        f"SELECT nextval('data.position'), 1, {parameters.add(command.id, 'uuid')}, {entity.number}, "
        f"{entity.key.sql_text('row')}, {version}, '{action}', {image}, {previous}, "
        f"{parameters.add(command.context, 'jsonb')}, {parameters.add(command.effect_key, 'text')}, "
        f"{parameters.add(command.trace_id, 'uuid')}, $1, clock_timestamp() FROM row RETURNING position) "
        f"SELECT logged.position, {version} AS version, {entity.json('row')} AS record FROM row, logged"
    )


def _chosen(entity: EntityModel, key: KeyValue, grant: Grant, if_version: int | None, parameters: Parameters) -> str:
    """Which row a change is for, and under which circumstances."""
    clauses = [
        "v.version = $1",
        entity.key.equals("r", key, parameters),
        entity.alive("r"),
        grant.condition("r", parameters),
    ]
    if if_version is not None:
        clauses.append(f"r.{VERSION} = {parameters.add(if_version, 'bigint')}")
    return " AND ".join(clauses)


def _first_version(entity: EntityModel, values: dict[str, Any], parameters: Parameters) -> str:
    """Versions go on after deletion and re-creation, which only keys given by clients can see."""
    if entity.key.generated:
        return "1"
    key = parameters.add(entity.key.text(entity.key.of(values)), "text")
    return (
        f"coalesce((SELECT max(c.version) FROM data.commits c "
        f"WHERE c.entity = {entity.number} AND c.record_id = {key}), 0) + 1"
    )


def _value(field: FieldDefinition, value: Any, parameters: Parameters) -> str:
    # The precision is applied by assignment to the column, which rounds half away from zero.
    return parameters.add(value, field.column_type.partition("(")[0])


def _returned(entity: EntityModel, which: str) -> str:
    names = [*entity.image_ids, VERSION_COLUMN]
    return ", ".join(f"{which}.{quote(name)} AS {quote(name)}" for name in names)


def _image(entity: EntityModel) -> str:
    """The whole record by field ids, which outlive names."""
    pairs = ", ".join(f"row.{quote(name)} AS {quote(key)}" for name, key in entity.image_ids.items())
    return f"(SELECT to_jsonb(i) FROM (SELECT {pairs}) i)"
