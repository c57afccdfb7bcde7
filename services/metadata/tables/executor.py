"""Where a change's statements go: into the database, or onto a list of what would be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from libs.shared.errors import RocketError, detail_of
from libs.shared.postgres.databases import Connection
from libs.shared.postgres.errors import TableExists, UniqueViolation
from libs.shared.postgres.limits import INDEX_ENTRY, LimitExceeded
from services.metadata.model.identifiers import table_of
from services.metadata.model.schema import LiveEntity
from services.metadata.planning import indexes
from services.metadata.planning.indexes import Index
from services.metadata.store import counting, instances
from services.metadata.store import definitions as store


class Ground:
    """The tables themselves."""

    def __init__(self, transaction: Connection) -> None:
        self._transaction = transaction
        self.postponed = False
        """Whether an index was left to be built behind the scenes."""

    async def run(self, statements: Sequence[str]) -> None:
        """Execute DDL. Raises CONFLICT where a table of that name is in the way."""
        for statement in statements:
            try:
                await self._transaction.execute(statement)
            except TableExists:
                raise RocketError("CONFLICT", "The table name is taken") from None

    async def follow_instances(self, name: str, new_name: str, renamed: Mapping[str, str]) -> None:
        """Have running workflow instances follow a rename."""
        await instances.follow(self._transaction, name, new_name, renamed)

    async def indexes(self, live: LiveEntity) -> list[str]:
        """The names of the indexes that an entity's table has."""
        return list(await store.list_indexes(self._transaction, table_of(live.definition.table)))

    async def is_filled(self, live: LiveEntity) -> bool:
        """Whether an entity has records."""
        return await store.has_rows(self._transaction, table_of(live.definition.table))

    async def build(self, entity: str, index: Index, filled: bool) -> None:
        """Build an index, or leave it for later if it only makes reads of many rows quicker.

        Raises CONFLICT, and VALIDATION_FAILED where values are too long for it, also if it is left for later.
        """
        if filled and not index.unique:
            if await counting.count_long(self._transaction, index.table, index.field):
                raise _too_long(entity, index)
            self.postponed = True
            return
        try:
            await self.run([index.create()])
        except LimitExceeded:
            raise _too_long(entity, index) from None
        except UniqueViolation:
            message = f"{entity}: several records have the same {index.field}, so it can't be unique"
            detail = detail_of(index.field, "is the same in several records, so it can't be unique", "unique")
            raise RocketError("CONFLICT", message, [detail]) from None


def _too_long(entity: str, index: Index) -> RocketError:
    what = "unique" if index.unique else "indexed"
    message = (
        f"{entity}: several records have a {index.field} of more than {INDEX_ENTRY:,} bytes, so it can't be {what}"
    )
    return RocketError("VALIDATION_FAILED", message, [{"field": index.field, "rule": "limit", "message": message}])


class Sketch(Ground):
    """A list of statements; the tables stay as they are, and are looked up as `before` knows them."""

    def __init__(self, transaction: Connection, before: Mapping[int, LiveEntity]) -> None:
        super().__init__(transaction)
        self._before = before
        self.statements: list[str] = []
        self.warnings: list[str] = []

    async def follow_instances(self, name: str, new_name: str, renamed: Mapping[str, str]) -> None:
        """They stay as they are, too."""

    async def run(self, statements: Sequence[str]) -> None:
        self.statements += statements
        for statement in statements:
            if " TYPE " in statement:
                self.warnings.append(f"All rows are written anew while others wait: {statement}")

    async def indexes(self, live: LiveEntity) -> list[str]:
        old = self._before.get(live.row.number)
        return await super().indexes(old) if old else []

    async def is_filled(self, live: LiveEntity) -> bool:
        old = self._before.get(live.row.number)
        return await super().is_filled(old) if old else False

    async def build(self, entity: str, index: Index, filled: bool) -> None:
        later = filled and not index.unique
        self.statements.append(index.create(concurrently=later))
        if later:
            self.warnings.append(f"{entity}.{index.field}: the index is built afterwards, while records go on changing")


async def fit_indexes(ground: Ground, live: LiveEntity, missing: Sequence[Index], needless: Sequence[str]) -> None:
    """Make a table's indexes what they should be."""
    await ground.run([indexes.drop(name) for name in needless])
    filled = bool(missing) and await ground.is_filled(live)
    for index in missing:
        await ground.build(live.definition.name, index, filled)
