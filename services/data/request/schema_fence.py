"""The schema fence: decide with the remembered schema, and find out if it was an old one.

A statement that writes is compiled for a version and does nothing under another. A refusal decided in
process (unknown entity, bad value, no permission) is checked against the version in the database
before it is given. Either way an old schema is replaced and the attempt made anew.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from libs.shared.contracts.context import Context
from libs.shared.errors import RocketError
from libs.shared.postgres.errors import Deadlocked, SchemaMoved
from services.data.model import Model
from services.data.state import State

T = TypeVar("T")

ATTEMPTS = 6
"""Schema changes a single request may be overtaken by."""
GIVEN_WAY = 3
"""Attempts that may end in a deadlock; PostgreSQL takes a second to find one."""
CURRENT_VERSION = "SELECT version FROM metadata.schema_version"
DECIDED_BY_SCHEMA = frozenset(
    {
        "UNKNOWN_ENTITY", "UNKNOWN_FIELD", "VALIDATION_FAILED", "FORBIDDEN", "NOT_FOUND", "INVALID_PAYLOAD",
        "PRECONDITION_REQUIRED", "CONFLICT",
    }
)  # fmt: skip


async def under_current_schema(state: State, context: Context, attempt: Callable[[Model], Awaitable[T]]) -> T:
    """The outcome of `attempt(model)` under the schema that is current while it runs.

    `attempt` raises SchemaMoved when its statement found another version. Raises CONFLICT when the
    schema does not hold still. An attempt that gave way to another in a deadlock is made anew.
    """
    app = context.the_app
    schema = await state.schemas.get(app)
    ways_to_give = GIVEN_WAY
    for _ in range(ATTEMPTS):
        try:
            return await attempt(state.model(app, schema))
        except Deadlocked:
            ways_to_give -= 1
            if not ways_to_give:
                raise
        except SchemaMoved:
            # The version may not have risen for a table that is gone by other means: then this fails below.
            schema = await state.schemas.get(app, at_least=await _current_version(state, context))
        except RocketError as refusal:
            if refusal.code not in DECIDED_BY_SCHEMA:
                raise
            version = await _current_version(state, context)
            if version <= schema.version:
                raise
            schema = await state.schemas.get(app, at_least=version)
    raise RocketError("CONFLICT", "The schema is being changed, try again")


async def check_current(state: State, context: Context, model: Model) -> None:
    """Raises SchemaMoved when the schema is another by now; for what is read by statements that do not say of which
    version they are, such as the log's."""
    if await _current_version(state, context) != model.version:
        raise SchemaMoved


async def _current_version(state: State, context: Context) -> int:
    version: int = await state.database(context.the_app).fetchval(CURRENT_VERSION)
    return version
