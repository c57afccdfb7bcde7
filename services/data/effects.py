"""Effects that other services ask for: exactly once per effect key, for ever."""

from __future__ import annotations

from typing import Any

from libs.shared.contracts.context import Context
from libs.shared.contracts.records import Effected, SetFields
from libs.shared.postgres.databases import Database
from libs.shared.postgres.errors import SchemaMoved
from libs.shared.telemetry import tracing
from services.data.model import Model
from services.data.permissions import EVERYTHING
from services.data.state import State
from services.data.writes.command import Command
from services.data.writes.files import resolve_files
from services.data.writes.statements import update_statement
from services.data.writes.validation import validate_update

REMEMBER = """
INSERT INTO data.effects (effect_key) VALUES ($1) ON CONFLICT (effect_key) DO NOTHING RETURNING effect_key
"""
REMEMBERED = "SELECT position FROM data.effects WHERE effect_key = $1"
NOTE = "UPDATE data.effects SET position = $2 WHERE effect_key = $1"
CURRENT = "SELECT version FROM metadata.schema_version"


async def set_fields(state: State, context: Context, model: Model, question: SetFields) -> Effected:
    """Set fields with the definition's authority. A record that is gone is no failure: position 0."""
    entity = model.entity(question.entity)
    key = entity.key.parse(question.record_id)
    values = validate_update(entity, question.values)
    if not values:
        return Effected(0)  # the key, an auto field or the trash mark: not for anybody to set
    database = state.database(context.the_app)
    await resolve_files(database, entity, values)
    await state.relay.activate(context.the_app)
    command = Command.of(context, model.version, question.effect_key)
    sql, parameters = update_statement(entity, key, values, EVERYTHING, None, command)
    with tracing.span("engine", "writer", "write.update", entity.name):
        position, repeated = await _once(database, model, question.effect_key, sql, parameters)
    state.relay.wake(context.the_app)
    return Effected(position, repeated)


async def _once(database: Database, model: Model, effect_key: str, sql: str, parameters: list[Any]) -> tuple[int, bool]:
    """Key and effect in one transaction; answers the position, and whether it was done before."""
    async with database.transaction() as transaction:
        if await transaction.fetchval(REMEMBER, effect_key) is None:
            return await transaction.fetchval(REMEMBERED, effect_key), True
        row = await transaction.fetchrow(sql, *parameters)
        if row is None and await transaction.fetchval(CURRENT) != model.version:
            raise SchemaMoved
        position = row["position"] if row else 0
        await transaction.execute(NOTE, effect_key, position)
        return position, False
