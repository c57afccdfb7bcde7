"""The SQL of the four operations, built by the data service's own code, with named slots for values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import asyncpg
import orjson

from bench.direct import create_statement, update_statement
from bench.operations import READ, WRITTEN, Operation, change, row
from libs.shared.contracts.context import SYSTEM
from libs.shared.schema import Entity, EntityDefinition, Snapshot
from services.data.model import EntityModel, Model
from services.data.permissions import EVERYTHING
from services.data.query.lists import list_sql
from services.data.query.parameters import parse_list
from services.data.query.scope import Scope
from services.data.query.statements import get_statement
from services.data.writes.statements.changes import Command

DEFINITION = """
SELECT number, document::text AS document, ids::text AS ids
FROM metadata.definitions WHERE kind = 'entities' AND key = $1 AND deleted_at IS NULL
"""
VERSION = "SELECT version FROM metadata.schema_version"
ACTOR = {"id": "00000000-0000-0000-0000-000000000000", "email": "admin@localhost", "roles": ["admin"]}
CONTEXT = orjson.dumps(
    {
        "actor": {**ACTOR, "via": "password"},
        "origin": {"ip": "127.0.0.1", "user_agent": ""},
        "cause": "request",
        "cause_depth": 0,
    }
).decode()
"""The actor in the log of a write, as long as a real one."""
CATEGORY = "stands for the category, in a query that is a text"


@dataclass(frozen=True, slots=True)
class Slot:
    """A placeholder in a statement's values for a value of each request."""

    name: str


@dataclass(frozen=True, slots=True)
class Template:
    """SQL with numbered placeholders, each for a constant or a slot."""

    sql: str
    values: tuple[Any, ...]

    def filled(self, given: Mapping[str, Any]) -> list[Any]:
        """The values of one execution."""
        return [given[value.name] if type(value) is Slot else value for value in self.values]


Templates = Mapping[Operation, Template]
Connection: TypeAlias = "asyncpg.Connection[Any] | asyncpg.pool.PoolConnectionProxy[Any]"


async def compile_all(connection: Connection) -> Templates:
    """The statements for the entities that the database defines."""
    read_model, read = await _entity(connection, READ)
    _, written = await _entity(connection, WRITTEN)
    version = await connection.fetchval(VERSION)
    command = Command(_slot("commit"), CONTEXT, _slot("trace"), version)
    fields = {name: _slot(name) for name in (*written.key.names, *row(0))}
    changed = {name: _slot(name) for name in change(0)}
    scope = Scope(read_model, SYSTEM)
    query = parse_list(scope, read, [("filter[category]", CATEGORY), ("sort", "-rank")])
    return {
        "get": _template(get_statement(read, (_slot("id"),), EVERYTHING)),
        "list": _template((list_sql(read_model, read, query.listing), scope.values)),
        "create": _template(create_statement(written, fields, command)),
        "update": _template(update_statement(written, _slot("id"), changed, command)),
    }


async def _entity(connection: Connection, name: str) -> tuple[Model, EntityModel]:
    found = await connection.fetchrow(DEFINITION, name)
    assert found is not None, f"no entity {name}"
    ids = {field: entry["id"] for field, entry in json.loads(found["ids"]).items()}
    definition = EntityDefinition.stored(json.loads(found["document"]))
    entity = Entity(found["number"], definition, ids, retired=False)
    model = Model(Snapshot(0, {name: entity}, {entity.number: entity}, []))
    return model, model.entity(name)


def _slot(name: str) -> Any:
    """A slot, for builders that pass values on unread."""
    return Slot(name)


def _template(statement: tuple[str, list[Any]]) -> Template:
    sql, values = statement
    return Template(sql, tuple(Slot("category") if value == CATEGORY else value for value in values))
