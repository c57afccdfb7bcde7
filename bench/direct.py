"""Writes as a single-purpose application would send them: row and log entry of one record in one statement.

The data service writes any number of records in one statement; the limit is what a process
achieves that has one record at a time and nothing else to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from libs.shared.schema import VERSION_COLUMN
from services.data.model import EntityModel, StatementParameters, quote
from services.data.writes.statements.changes import Command

Statement = tuple[str, list[Any]]
VERSION = quote(VERSION_COLUMN)


def create_statement(entity: EntityModel, values: Mapping[str, Any], command: Command) -> Statement:
    """Insert a record and its log entry. Returns position, version, record."""
    parameters = StatementParameters(command.schema_version)
    columns = [VERSION, *(quote(name) for name in values)]
    given = ["1", *(parameters.add(value, entity.column_type(name)) for name, value in values.items())]
    for field in entity.fields.values():
        if field.auto and field.name not in values:
            columns.append(quote(field.name))
            given.append("now()")
    row = (
        f"INSERT INTO {entity.table} ({', '.join(columns)}) SELECT {', '.join(given)} "
        f"FROM metadata.schema_version v WHERE v.version = $1 RETURNING {_all(entity, 'new')}"
    )
    return _with_log(entity, row, "create", "NULL::jsonb", command, parameters), parameters.values


def update_statement(entity: EntityModel, key: Any, values: Mapping[str, Any], command: Command) -> Statement:
    """Change a record and append its log entry. Returns position, version, record."""
    parameters = StatementParameters(command.schema_version)
    sets = {name: parameters.add(value, entity.column_type(name)) for name, value in values.items()}
    sets |= {field.name: "now()" for field in entity.fields.values() if field.auto == "update"}
    assignments = ", ".join(f"{quote(name)} = {value}" for name, value in sets.items())
    before = ", ".join(f"old.{quote(name)} AS {quote('_old_' + entity.image_ids[name])}" for name in sets)
    row = (
        f"UPDATE {entity.table} AS r SET {assignments}, {VERSION} = r.{VERSION} + 1 FROM metadata.schema_version v "
        f"WHERE v.version = $1 AND {entity.key.equals('r', (key,), parameters)} AND {entity.alive('r')} "
        f"RETURNING {_all(entity, 'new')}, {before}"
    )
    pairs = ", ".join(f"row.{quote('_old_' + entity.image_ids[n])} AS {quote(entity.image_ids[n])}" for n in sets)
    previous = f"(SELECT to_jsonb(p) FROM (SELECT {pairs}) p)"
    return _with_log(entity, row, "update", previous, command, parameters), parameters.values


def _all(entity: EntityModel, which: str) -> str:
    return ", ".join(f"{which}.{quote(name)} AS {quote(name)}" for name in [*entity.image_ids, VERSION_COLUMN])


def _with_log(
    entity: EntityModel, row: str, action: str, previous: str, command: Command, parameters: StatementParameters
) -> str:
    pairs = ", ".join(f"row.{quote(name)} AS {quote(key)}" for name, key in entity.image_ids.items())
    return (
        f"WITH row AS ({row}), logged AS ("
        "INSERT INTO data.commits (position, n, commit_id, entity, record_id, version, action, image, previous, "
        "context, effect_key, trace_id, schema_version, at) "
        f"SELECT nextval('data.position'), 1, {parameters.add(command.id, 'uuid')}, {entity.number}, "
        f"{entity.key.sql_text('row')}, row.{VERSION}, '{action}', (SELECT to_jsonb(i) FROM (SELECT {pairs}) i), "
        f"{previous}, {parameters.add(command.context, 'jsonb')}, {parameters.add(command.effect_key, 'text')}, "
        f"{parameters.add(command.trace_id, 'uuid')}, $1, clock_timestamp() FROM row RETURNING position) "
        f"SELECT logged.position, row.{VERSION} AS version, {entity.json('row')} AS record FROM row, logged"
    )
