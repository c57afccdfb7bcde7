"""One change of an app's schema: locked, stored, recorded, numbered and announced.

The version row is locked first, so changes of one app follow one another; it is raised in the same
transaction as the DDL, so no statement can meet tables of another version than it was compiled for.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import orjson

from libs.shared.contracts.apps import SchemaChanged
from libs.shared.contracts.context import Context
from libs.shared.errors import RocketError, not_found
from libs.shared.postgres.databases import Connection
from libs.shared.postgres.errors import TableExists, UniqueViolation
from libs.shared.runtime import Core
from services.metadata import store
from services.metadata.kinds import Kind


class Change:
    """A change in progress, within its transaction."""

    def __init__(self, transaction: Connection, kind: Kind, schema: store.Schema) -> None:
        self._transaction = transaction
        self._kind = kind
        self.schema = schema
        self.touched: store.Definition | None = None

    async def find(self, handle: str) -> store.Definition:
        """The definition by id or name. Raises NOT_FOUND."""
        row = await store.find_definition(self._transaction, self._kind.name, handle, self._kind.named)
        if row is None:
            raise not_found(self._kind.label)
        return row

    async def insert(self, key: str | None, document: dict[str, Any]) -> store.Definition:
        """Store a new definition. Raises CONFLICT when its name, or an entity's table, is taken."""
        with _taken(self._kind):
            self.touched = await store.insert_definition(self._transaction, self._kind.name, key, document)
        return self.touched

    async def replace(self, old: store.Definition, key: str | None, document: dict[str, Any]) -> store.Definition:
        """Store a definition anew under its id."""
        with _taken(self._kind):
            self.touched = await store.replace_definition(self._transaction, old.id, key, document)
        return self.touched

    async def delete(self, old: store.Definition) -> None:
        """Take a definition away; its row stays, as ids live on in the log."""
        await store.delete_definition(self._transaction, old.id)
        self.touched = old

    async def remember_ids(self, row: store.Definition) -> None:
        """Store the ids of an entity's fields."""
        await store.store_ids(self._transaction, row.id, row.ids)

    async def run(self, statements: Sequence[str]) -> None:
        """Execute DDL."""
        for statement in statements:
            try:
                await self._transaction.execute(statement)
            except TableExists:
                raise RocketError("CONFLICT", "The table name is taken") from None


@contextlib.asynccontextmanager
async def change(core: Core, context: Context, kind: Kind, action: str) -> AsyncIterator[Change]:
    """A transaction that changes the schema of the context's app by one version."""
    app = context.the_app
    async with core.databases.of(app).transaction() as transaction:
        version = await store.lock_version(transaction)
        changing = Change(transaction, kind, await store.load_entities(transaction))
        yield changing
        await store.record_change(
            transaction, version + 1, kind.name, action, changing.touched, _actor(context), context.trace_id
        )
    await core.connection.announce(SchemaChanged(app_id=app.id, version=version + 1))


@contextlib.contextmanager
def _taken(kind: Kind) -> Any:
    try:
        yield
    except UniqueViolation as error:
        what = "table" if "table" in (error.constraint_name or "") else "name"
        message = f"{kind.label}: the {what} is taken"
        raise RocketError("CONFLICT", message, [{"field": what, "message": message}]) from None


def _actor(context: Context) -> str:
    who = context.user
    return orjson.dumps({"id": who.id, "email": who.email, "via": who.via, "ip": context.ip}).decode()
