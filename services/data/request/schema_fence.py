"""The schema fence: decide with the cached schema, and find out if it was an old one.

A statement that writes is compiled for a version and does nothing under another. A refusal decided in process
(unknown entity, bad value, no permission) is checked against the version in the database before it is given. Either
way an old schema is replaced and the attempt is made again.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from libs.shared.contracts.context import Context
from libs.shared.errors import RocketError
from libs.shared.postgres.errors import Deadlocked, SchemaMoved
from services.data.model.version import current_version
from services.data.request.context import RequestContext
from services.data.state import State

Q = TypeVar("Q")
A = TypeVar("A")

MAX_ATTEMPTS = 6
"""Schema changes that may overtake one request."""
MAX_DEADLOCKS = 3
"""Attempts that may end in a deadlock; PostgreSQL takes a second to find one."""
DECIDED_BY_SCHEMA = frozenset(
    {
        "UNKNOWN_ENTITY", "UNKNOWN_FIELD", "VALIDATION_FAILED", "FORBIDDEN", "NOT_FOUND", "INVALID_PAYLOAD",
        "PRECONDITION_REQUIRED", "CONFLICT",
    }
)  # fmt: skip


def under_schema(
    handler: Callable[[RequestContext, Q], Awaitable[A]],
) -> Callable[[State, Context, Q], Coroutine[Any, Any, A]]:
    """Run a handler under the schema that is current while it runs; it may run several times.

    The handler raises SchemaMoved when a statement of it found another version. A deadlock is tried again. Raises
    CONFLICT when the schema does not stop changing.
    """

    @functools.wraps(handler)
    async def run(state: State, context: Context, request: Q) -> A:
        app = context.the_app
        schema = await state.schemas.get(app)
        deadlocks = 0
        for _ in range(MAX_ATTEMPTS):
            try:
                return await handler(RequestContext(state, context, state.models.of(app, schema)), request)
            except Deadlocked:
                deadlocks += 1
                if deadlocks == MAX_DEADLOCKS:
                    raise
            except SchemaMoved:
                # A table can be gone without a newer version, by other means: then this fails below.
                schema = await state.schemas.get(app, at_least=await current_version(state.database(app)))
            except RocketError as refusal:
                if refusal.code not in DECIDED_BY_SCHEMA:
                    raise
                version = await current_version(state.database(app))
                if version <= schema.version:
                    raise
                schema = await state.schemas.get(app, at_least=version)
        raise RocketError("CONFLICT", "The schema is being changed, try again")

    return run
