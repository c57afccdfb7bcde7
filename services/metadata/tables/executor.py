"""Executes the statements of a change, or only lists them for a dry run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from libs.shared.errors import RocketError, detail_of
from libs.shared.postgres.databases import Connection
from libs.shared.postgres.errors import TableExists, UniqueViolation
from libs.shared.postgres.limits import MAX_INDEX_ENTRY_BYTES, LimitExceeded
from services.metadata.model.identifiers import table_of
from services.metadata.model.schema import LiveEntity
from services.metadata.planning import indexes
from services.metadata.planning.indexes import TableIndex
from services.metadata.store import business_tables, counting, instances


class DdlExecutor:
    """Executes statements on the tables themselves."""

    def __init__(self, transaction: Connection) -> None:
        self._transaction = transaction
        self.has_postponed = False
        """Whether an index was left to be built in the background."""

    async def run(self, statements: Sequence[str]) -> None:
        """Execute DDL. Raises CONFLICT where a table of that name is in the way."""
        for statement in statements:
            try:
                await self._transaction.execute(statement)
            except TableExists:
                raise RocketError("CONFLICT", "The table name is taken") from None

    async def rename_in_instances(
        self, name: str, new_name: str, renamed: Mapping[str, str], rewrite: instances.Rewrite
    ) -> None:
        """Rename an entity and its fields in the definitions of running workflow instances."""
        await instances.rename(self._transaction, name, new_name, renamed, rewrite)

    async def fit_indexes(self, live: LiveEntity, wanted: Mapping[str, TableIndex]) -> None:
        """Make the indexes of an entity's table those that are wanted. Raises as `_build` does."""
        missing, needless = indexes.difference(await self._existing_indexes(live), wanted)
        await self.run([indexes.drop(name) for name in needless])
        has_records = bool(missing) and await self._has_records(live)
        for index in missing:
            await self._build(live.definition.name, index, has_records)

    async def _existing_indexes(self, live: LiveEntity) -> list[str]:
        return list(await business_tables.list_indexes(self._transaction, table_of(live.definition.table)))

    async def _has_records(self, live: LiveEntity) -> bool:
        return await business_tables.has_rows(self._transaction, table_of(live.definition.table))

    async def _build(self, entity: str, index: TableIndex, has_records: bool) -> None:
        """Build an index, or leave it to the background if it only makes reads of many rows quicker.

        Raises CONFLICT, and VALIDATION_FAILED where values are too long for it, also if it is built later.
        """
        if has_records and not index.unique:
            if await counting.count_long(self._transaction, index.table, index.field):
                raise _too_long(entity, index)
            self.has_postponed = True
            return
        try:
            await self.run([index.create()])
        except LimitExceeded:
            raise _too_long(entity, index) from None
        except UniqueViolation:
            message = f"{entity}: several records have the same {index.field}, so it can't be unique"
            detail = detail_of(index.field, "is the same in several records, so it can't be unique", "unique")
            raise RocketError("CONFLICT", message, [detail]) from None


def _too_long(entity: str, index: TableIndex) -> RocketError:
    what = "unique" if index.unique else "indexed"
    size = f"more than {MAX_INDEX_ENTRY_BYTES:,} bytes"
    message = f"{entity}: several records have a {index.field} of {size}, so it can't be {what}"
    return RocketError("VALIDATION_FAILED", message, [{"field": index.field, "rule": "limit", "message": message}])


class DryRunExecutor(DdlExecutor):
    """Lists statements. The tables stay as they are, and are looked up as the schema `before` knows them."""

    def __init__(self, transaction: Connection, before: Mapping[int, LiveEntity]) -> None:
        super().__init__(transaction)
        self._before = before
        self.statements: list[str] = []
        self.warnings: list[str] = []

    async def run(self, statements: Sequence[str]) -> None:
        self.statements += statements
        for statement in statements:
            if " TYPE " in statement:
                self.warnings.append(f"All rows are rewritten while other requests wait: {statement}")

    async def rename_in_instances(
        self, name: str, new_name: str, renamed: Mapping[str, str], rewrite: instances.Rewrite
    ) -> None:
        """Leaves the instances as they are."""

    async def _existing_indexes(self, live: LiveEntity) -> list[str]:
        old = self._before.get(live.row.number)
        return await super()._existing_indexes(old) if old else []

    async def _has_records(self, live: LiveEntity) -> bool:
        old = self._before.get(live.row.number)
        return await super()._has_records(old) if old else False

    async def _build(self, entity: str, index: TableIndex, has_records: bool) -> None:
        later = has_records and not index.unique
        self.statements.append(index.create(concurrently=later))
        if later:
            self.warnings.append(f"{entity}.{index.field}: the index is built afterwards, while records go on changing")
