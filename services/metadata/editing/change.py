"""One change of an app's schema: locked, stored, recorded, numbered and announced.

The version row is locked first, so changes of one app follow one another; it is raised in the same
transaction as the DDL, so no statement can meet tables of another version than it was compiled for.
Tables are locked for a moment only: whoever waits for such a lock stalls all who come after, so a
change that doesn't get it soon lets go of everything and tries anew.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from libs.shared import clock, exact
from libs.shared.contracts.apps import SchemaChanged
from libs.shared.contracts.context import Context
from libs.shared.errors import RocketError, detail_of, not_found
from libs.shared.postgres.databases import Connection, after_commit
from libs.shared.postgres.errors import LockTaken, UniqueViolation
from services.metadata.checking.expressions.problems import Doubt, Told, check_expressions, warnings_of
from services.metadata.checking.kinds import KINDS, Kind
from services.metadata.checking.references.people import Mention
from services.metadata.editing import audit
from services.metadata.editing import warnings as doubts
from services.metadata.model.schema import Schema
from services.metadata.planning import indexes
from services.metadata.state import State
from services.metadata.store import definitions as store
from services.metadata.tables import acyclic as trees
from services.metadata.tables.executor import Ground, fit_indexes

T = TypeVar("T")

ATTEMPTS = 4
VERSION_TIMEOUT = "SET LOCAL lock_timeout = '3s'"
"""How long a change waits for another one of the same app: it has one of the process's connections meanwhile."""
LOCK_TIMEOUT = "SET LOCAL lock_timeout = '700ms'"
PAUSE = 0.3
"""Seconds in which the others get on, before a change is tried anew."""


class Busy(Exception):
    """A table's lock was not to be had in time."""


class Change:
    """A change in progress, within its transaction. `schema` is what is defined as it goes on."""

    def __init__(self, transaction: Connection, schema: Schema, ground: Ground) -> None:
        self.transaction = transaction
        self.schema = schema
        self.touched: list[tuple[str, store.Definition]] = []
        self._ground = ground
        self.at_the_end: Callable[[int], Awaitable[None]] | None = None
        """Called with the new version when everything else is done."""
        self.schema_before = Schema(dict(schema.entities), dict(schema.relations))
        self.places: dict[str, str] = {}
        """Id of a definition that was sent → where it stands in what was sent, empty for the whole of it."""
        self.before: dict[str, dict[str, Any]] = {}
        """Id → what a definition was that this change has replaced."""
        self.warnings: list[Told] = []
        """What is legal but doubtful: told beside the answer."""
        self.mentions: list[Mention] = []
        """Roles and users that are named in what was sent."""
        self.trees: set[int] = set()
        """Numbers of acyclic relations that may have cycles already."""
        self._doubts: list[Doubt] = []
        self._watched: dict[str, tuple[dict[str, Any], Schema]] = {}
        self._latest: dict[str, store.Definition] = {}
        self._to_index: dict[str, None] = {}

    async def find(self, kind: Kind, handle: str) -> store.Definition:
        """The definition by id or name. Raises NOT_FOUND."""
        row = await store.find_definition(self.transaction, kind.name, handle, kind.named)
        if row is None:
            raise not_found(kind.label)
        return row

    async def create(
        self, kind: Kind, document: dict[str, Any], definition: Any, lenient: bool = False, place: str = ""
    ) -> store.Definition:
        """A new definition, sent at a place of a document.

        Raises CONFLICT when its name or table is taken, VALIDATION_FAILED.
        """
        kept = await self._checked(kind, document, definition, lenient, None)
        with _taken(kind):
            row = await store.insert_definition(self.transaction, kind.name, kind.key(definition), kept)
        await kind.hooks.created(self, row, definition)
        self.touched.append(("create", row))
        self.places[row.id] = place
        return row

    async def replace(
        self,
        kind: Kind,
        old: store.Definition,
        document: dict[str, Any],
        definition: Any,
        lenient: bool = False,
        place: str = "",
    ) -> store.Definition:
        """A definition anew under its id. Raises as `create` does."""
        kept = await self._checked(kind, document, definition, lenient, old.id)
        self.before.setdefault(old.id, old.document)
        with _taken(kind):
            row = await store.replace_definition(self.transaction, old.id, kind.key(definition), kept)
        await kind.hooks.replaced(self, old, row, definition)
        self.touched.append(("update", row))
        self.places[row.id] = place
        return row

    async def _checked(
        self, kind: Kind, document: dict[str, Any], definition: Any, lenient: bool, row_id: str | None
    ) -> dict[str, Any]:
        """What is stored of a definition that holds for the schema, expressions included unless `lenient`."""
        kind.check(definition, self.schema)
        await kind.hooks.check(self, definition, row_id)
        kept = kind.stored(document, definition)
        if not lenient:
            doubtful = check_expressions(kind.name, kind.label, kept, self.schema)
            self.warnings += [{"path": problem.path, "message": problem.message} for problem in doubtful]
        return kept

    def watch(self, row: store.Definition, before: Schema) -> None:
        """Have mistakes told at the end that a definition's expressions have not had in the schema before."""
        self._watched.setdefault(row.id, (row.document, before))

    def doubt(self, place: str, kind: str, document: dict[str, Any]) -> None:
        """Have the mistakes in a definition's expressions told at the end, when all is there that they may name."""
        self._doubts.append(Doubt(place, kind, document))

    async def finish_warnings(self) -> None:
        """Tell what is wrong in the end; in a thread, as there may be many definitions."""
        expressions = self._doubts
        for row in await self.others() if self._watched else ():
            if row.id in self._watched:
                expressions.append(
                    Doubt(f"{row.kind}.{row.key or row.id}", row.kind, row.document, self._watched[row.id])
                )
        self.warnings += await asyncio.to_thread(warnings_of, expressions, self.schema) if expressions else ()
        await doubts.look(self)

    async def delete(self, row: store.Definition) -> None:
        """Take a definition away; its row stays, as ids live on in the log."""
        await store.delete_definition(self.transaction, row.id)
        await KINDS[row.kind].hooks.deleted(self, row)
        self.touched.append(("delete", row))

    async def rewrite(self, row: store.Definition, document: dict[str, Any]) -> None:
        """Store a definition that follows another's change."""
        self.before.setdefault(row.id, row.document)
        key = KINDS[row.kind].hooks.key(row, document)
        self._latest[row.id] = await store.replace_definition(self.transaction, row.id, key, document)
        self.touched.append(("update", self._latest[row.id]))

    def latest(self, row: store.Definition) -> store.Definition:
        """A row as this change has left it so far."""
        return self._latest.get(row.id, row)

    async def everything(self) -> list[store.Definition]:
        """All definitions of all kinds, as this change has left them so far."""
        return [row for row in await store.list_all(self.transaction) if row.kind in KINDS]

    async def of_kind(self, kind: str) -> list[store.Definition]:
        """All definitions of a kind, likewise."""
        return await store.list_definitions(self.transaction, kind)

    async def others(self) -> list[store.Definition]:
        """All definitions beside entities and relations."""
        return [row for row in await self.everything() if row.kind not in ("entities", "relations")]

    async def remember_ids(self, row: store.Definition) -> None:
        """Store the ids of an entity's fields."""
        await store.store_ids(self.transaction, row.id, row.ids)

    async def run(self, statements: Sequence[str]) -> None:
        """Execute DDL. Raises CONFLICT where a table of that name is in the way."""
        await self._ground.run(statements)

    async def follow_instances(self, name: str, new_name: str, renamed: Mapping[str, str]) -> None:
        """Have running workflow instances know an entity and its fields by their new names."""
        await self._ground.follow_instances(name, new_name, renamed)

    def reindex(self, entity: str) -> None:
        """Have the indexes of an entity's table compared with what they should be, at the end."""
        self._to_index[entity] = None

    async def finish_indexes(self) -> None:
        """Build and drop indexes. Raises CONFLICT where rows exclude one another."""
        for entity in self._to_index:
            live = self.schema.entities.get(entity)
            if live is not None:
                missing, needless = indexes.difference(await self._ground.indexes(live), self.schema, entity)
                await fit_indexes(self._ground, live, missing, needless)

    async def finish_trees(self) -> None:
        """Raises VALIDATION_FAILED where there are cycles in what is acyclic from now on."""
        relations = [live.relation for live in self.schema.relations.values() if live.relation.number in self.trees]
        acyclic = [relation for relation in relations if relation.acyclic]
        await trees.hold(self.transaction, self.schema, acyclic)
        await trees.refuse_cycles(self.transaction, self.schema, acyclic)


Work = Callable[[Change], Awaitable[T]]


async def change_schema(state: State, context: Context, work: Work[T]) -> T:
    """Run `work(change)` in a transaction that changes the schema of the context's app.

    It may run several times. Raises what `work` raises, and CONFLICT when tables stay in use.
    """
    for attempt in range(ATTEMPTS):
        try:
            result, change = await _attempt(state, context, work)
            change.warnings += await doubts.absent(state, context, change.mentions)
            return result
        except Busy:
            await asyncio.sleep(PAUSE * (attempt + 1))
    raise RocketError("CONFLICT", "The records are in use by something that takes long; nothing was changed, try again")


async def _attempt(state: State, context: Context, work: Work[T]) -> tuple[T, Change]:
    app = context.the_app
    await state.relay.activate(app)
    async with state.core.databases.of(app).transaction() as transaction:
        version = await lock_version(transaction)
        ground = Ground(transaction)
        change = Change(transaction, Schema.of(await store.list_shapes(transaction)), ground)
        await transaction.execute(LOCK_TIMEOUT)
        with _busy():
            result = await work(change)
            await change.finish_indexes()
            await change.finish_trees()
            await change.finish_warnings()
        if ground.postponed:
            await state.due.arm(app.id, clock.now())
        for action, row in change.touched:
            version += 1
            await store.record_change(transaction, version, action, row, _actor(context), context.trace_id)
        if change.at_the_end:
            with _busy():
                await change.at_the_end(version)
        await audit.tell(state.outbox, transaction, context, change.touched, change.before)
    if change.touched:
        state.relay.wake(app)
        await after_commit(partial(state.core.connection.announce, SchemaChanged(app_id=app.id, version=version)))
    return result, change


async def lock_version(transaction: Connection) -> int:
    """The version, which nobody else can raise until the end. Raises CONFLICT when somebody else is at it for long."""
    await transaction.execute(VERSION_TIMEOUT)
    try:
        return await store.lock_version(transaction)
    except LockTaken:
        raise RocketError("CONFLICT", "The definitions are being changed by somebody else, try again") from None


@contextlib.contextmanager
def _busy() -> Iterator[None]:
    try:
        yield
    except LockTaken as error:
        raise Busy from error


@contextlib.contextmanager
def _taken(kind: Kind) -> Iterator[None]:
    try:
        yield
    except UniqueViolation as error:
        names = ("table",) if "table" in (error.constraint_name or "") else kind.unique
        details = [detail_of(name, "is taken", "unique") for name in names]
        raise RocketError("CONFLICT", f"{kind.label}: the {' and '.join(names)} is taken", details) from None


def _actor(context: Context) -> str:
    who = context.user
    return exact.dumps({"id": who.id, "email": who.email, "via": who.via, "ip": context.ip}).decode()
