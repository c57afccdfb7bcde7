"""A change of definitions in progress: its transaction, the changing schema, and the hooks of each kind."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from libs.shared.errors import RocketError, detail_of, not_found
from libs.shared.postgres.databases import Connection
from libs.shared.postgres.errors import UniqueViolation
from libs.shared.schema.kinds import KINDS, DefinitionKind
from services.metadata.checking import documents
from services.metadata.checking.expression_errors import DefinitionWarning, ExpressionReview, check_expressions
from services.metadata.checking.reference_errors import check_references
from services.metadata.checking.references.people import Mention
from services.metadata.model.definition import Definition
from services.metadata.model.schema import LiveSchema
from services.metadata.model.view import SavedView
from services.metadata.store import definitions
from services.metadata.tables.executor import DdlExecutor

SHAPES = ("entities", "relations")
"""Kinds that make tables."""


class KindHooks:
    """The side effects of a kind of definition within the transaction of a change. Most kinds have none."""

    def secret(self, platform_secret: str, app_id: str, row: Definition) -> dict[str, str]:
        """A secret that is shown once, in the response to the creation."""
        return {}

    async def check(self, change: Change, definition: Any, row_id: str | None) -> None:
        """Check a definition against others of its kind, before it is stored. A new one has no `row_id`."""

    async def created(self, change: Change, row: Definition, definition: Any) -> None:
        """Act on a definition that was stored for the first time."""

    async def replaced(self, change: Change, old: Definition, row: Definition, definition: Any) -> None:
        """Act on a definition that has replaced `old`."""

    async def deleted(self, change: Change, old: Definition) -> None:
        """Act on a definition that was deleted."""


NO_HOOKS = KindHooks()


class Change:
    """A change in progress. `schema` changes with it; `hooks` are those of each kind."""

    def __init__(
        self, transaction: Connection, schema: LiveSchema, executor: DdlExecutor, hooks: Mapping[str, KindHooks]
    ) -> None:
        self.transaction = transaction
        self.schema = schema
        self.executor = executor
        self._hooks = hooks
        self.schema_before = schema.copy()
        self.touched: list[tuple[str, Definition]] = []
        """Action and row of each definition that was changed, in order."""
        self.before: dict[str, dict[str, Any]] = {}
        """Id → the document before the change, of definitions that were replaced."""
        self.paths: dict[str, str] = {}
        """Id of a definition that was sent → its path in what was sent, empty for the whole of it."""
        self.warnings: list[DefinitionWarning] = []
        self.mentions: list[Mention] = []
        """Roles and users that are named in what was sent."""
        self.reviews: list[ExpressionReview] = []
        """Definitions whose expressions are checked at the end, when everything exists that they may name."""
        self.watched: dict[str, tuple[dict[str, Any], LiveSchema]] = {}
        """Id → document and schema before, of other definitions whose expressions the change may break."""
        self.to_index: dict[str, None] = {}
        """Entities whose indexes are compared with the definitions at the end."""
        self.views: list[tuple[SavedView | None, SavedView | None]] = []
        """Views that were changed, before and after; None where there was or is none."""
        self.to_check_acyclic: set[int] = set()
        """Numbers of acyclic relations that may have cycles already."""
        self.at_the_end: Callable[[int], Awaitable[None]] | None = None
        """Called with the new version when everything else is done."""
        self._latest: dict[str, Definition] = {}

    async def find(self, kind: DefinitionKind, handle: str) -> Definition:
        """The definition by id or name. Raises NOT_FOUND."""
        row = await definitions.find(self.transaction, kind, handle)
        if row is None:
            raise not_found(kind.label)
        return row

    async def create(
        self, kind: DefinitionKind, document: dict[str, Any], definition: Any, lenient: bool = False, path: str = ""
    ) -> Definition:
        """Store a new definition that was sent at `path`.

        Raises CONFLICT when its name or table is taken, VALIDATION_FAILED.
        """
        kept = await self._checked(kind, document, definition, lenient, None)
        with _unique(kind):
            row = await definitions.insert(self.transaction, kind.name, kind.key_of(kept), kept)
        await self._hooks_of(kind.name).created(self, row, definition)
        self.touched.append(("create", row))
        self.paths[row.id] = path
        return row

    async def replace(
        self,
        kind: DefinitionKind,
        old: Definition,
        document: dict[str, Any],
        definition: Any,
        lenient: bool = False,
        path: str = "",
    ) -> Definition:
        """Replace the definition with this id. Raises as `create` does."""
        kept = await self._checked(kind, document, definition, lenient, old.id)
        self.before.setdefault(old.id, old.document)
        with _unique(kind):
            row = await definitions.replace(self.transaction, old.id, kind.key_of(kept), kept)
        await self._hooks_of(kind.name).replaced(self, old, row, definition)
        self.touched.append(("update", row))
        self.paths[row.id] = path
        return row

    async def delete(self, row: Definition) -> None:
        """Delete a definition. Its row stays, as the log goes on using its ids."""
        await definitions.delete(self.transaction, row.id)
        await self._hooks_of(row.kind).deleted(self, row)
        self.touched.append(("delete", row))

    async def rewrite(self, row: Definition, document: dict[str, Any]) -> None:
        """Store a definition that follows another one's change."""
        self.before.setdefault(row.id, row.document)
        key = KINDS[row.kind].key_of(document)
        self._latest[row.id] = await definitions.replace(self.transaction, row.id, key, document)
        self.touched.append(("update", self._latest[row.id]))

    def latest(self, row: Definition) -> Definition:
        """A row as this change has left it so far."""
        return self._latest.get(row.id, row)

    async def everything(self) -> list[Definition]:
        """All definitions as this change has left them so far."""
        return [row for row in await definitions.list_all(self.transaction) if row.kind in KINDS]

    async def others(self) -> list[Definition]:
        """All definitions except entities and relations."""
        return [row for row in await self.everything() if row.kind not in SHAPES]

    async def of_kind(self, kind: str) -> list[Definition]:
        """All definitions of a kind."""
        return await definitions.list_of_kind(self.transaction, kind)

    def watch(self, row_id: str, document: dict[str, Any], before: LiveSchema) -> None:
        """Report, at the end, errors in a definition's expressions that it had not in the schema `before`."""
        self.watched.setdefault(row_id, (document, before))

    def review(self, path: str, kind: str, document: dict[str, Any]) -> None:
        """Report, at the end, errors in a definition's expressions."""
        self.reviews.append(ExpressionReview(path, kind, document))

    def reindex(self, entity: str) -> None:
        """Compare the indexes of an entity's table with the definitions at the end."""
        self.to_index[entity] = None

    def _hooks_of(self, kind: str) -> KindHooks:
        return self._hooks.get(kind, NO_HOOKS)

    async def _checked(
        self, kind: DefinitionKind, document: dict[str, Any], definition: Any, lenient: bool, row_id: str | None
    ) -> dict[str, Any]:
        """The document to store of a valid definition; its expressions are checked unless `lenient`."""
        check_references(kind, definition, self.schema)
        await self._hooks_of(kind.name).check(self, definition, row_id)
        kept = documents.stored(kind, document, definition)
        if not lenient:
            self.warnings += check_expressions(kind, kept, self.schema)
        return kept


@contextlib.contextmanager
def _unique(kind: DefinitionKind) -> Iterator[None]:
    try:
        yield
    except UniqueViolation as error:
        names = ("table",) if "table" in (error.constraint_name or "") else kind.key
        details = [detail_of(name, "is taken", "unique") for name in names]
        raise RocketError("CONFLICT", f"{kind.label}: the {' and '.join(names)} is taken", details) from None
