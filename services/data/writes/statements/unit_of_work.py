"""A commit of several records: rows are changed as the write goes on, the last statement appends their log entries.

All changes of a commit share one position. It is taken last, when every row is locked. Each statement checks the
schema fence, the last one too: when the schema changes in between, nothing is committed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from libs.shared import exact
from libs.shared.errors import RocketError
from libs.shared.postgres.databases import Connection
from libs.shared.postgres.errors import SchemaMoved, UniqueViolation, conflict, taken_values
from libs.shared.postgres.limits import LimitExceeded, LimitReached
from services.data.model import EntityModel, KeyValue, Model
from services.data.writes.statements import store
from services.data.writes.statements.changes import Action, Command, LogEntry, Marks, RecordId, RowChange, Written
from services.data.writes.statements.cycles import refuse_cycles
from services.data.writes.statements.limits import name_limit
from services.data.writes.statements.statements import LogMode, StatementShape, statement, written_row
from services.data.writes.statements.unique_swaps import UniqueSwaps

MAX_ROWS = 100_000
"""Records of one commit, cascades included."""


class RowRefused(Exception):
    """PostgreSQL has refused a row: a unique value is taken, or a value exceeds a limit.

    `place` is the row's place among the changes, if known.
    """

    def __init__(self, place: int | None, error: RocketError) -> None:
        super().__init__(str(error))
        self.place = place
        self.error = error


class UnitOfWork:
    """The changes of one commit, within its transaction."""

    def __init__(self, transaction: Connection, model: Model, command: Command) -> None:
        self.transaction = transaction
        self.model = model
        self.command = command
        self.entries: list[LogEntry] = []
        self.unsettled: list[LogEntry] = []
        """Changes that totals have not been computed of yet."""
        self.settle_totals: Callable[[], Awaitable[None]] | None = None
        """Brings the totals of what has changed up to date."""
        self.settled: dict[RecordId, Written] = {}
        """The records whose totals were written, as they are in the end."""
        self.marks: Marks = {}
        self.records = 0
        self.swaps = UniqueSwaps(transaction)
        self._latest: dict[RecordId, int] = {}
        """Record → the place of its last entry."""
        self._position: int | None = None

    async def apply(
        self, entity: EntityModel, action: Action, rows: Sequence[RowChange], is_all: bool = False
    ) -> list[Written | None]:
        """Change rows. Returns each one's outcome in their order, None where no row was changed.

        `is_all` says that the commit is nothing but these changes, so that the statement may log them itself.
        Raises RowRefused for a taken or too long value, CONFLICT for a commit of too many records.
        """
        outcome: list[Written | None] = [None] * len(rows)
        if action is Action.CREATE or (action is Action.DELETE and not entity.soft_delete):
            await self.lock_keys(entity, [row.key for row in rows if row.key])
        shapes = _by_columns(rows)
        moves = [(row.key, row.values) for row in rows if row.key] if action is Action.UPDATE else []
        released = await self.swaps.release(entity, moves)
        at_once = is_all and len(shapes) == 1 and not released and not entity.trees
        log = LogMode.TOGETHER if at_once else LogMode.LATER
        for columns, places in shapes.items():
            shape = StatementShape(action, columns, log)
            chosen = [rows[place] for place in places]
            for row in await self._run(entity, shape, chosen, places):
                place = places[row["n"] - 1]
                outcome[place] = written_row(row)
                if at_once:
                    self._position = row["position"]
                    self.records += 1
                else:
                    self._log_later(entity, shape, row, rows[place].effects)
        return outcome

    async def amend(self, entity: EntityModel, rows: Sequence[RowChange]) -> list[Written | None]:
        """Change rows again that this commit has written: their entries say what becomes of them in the end.

        Returns and raises what `apply` does; None also for a row that sets nothing.
        """
        outcome: list[Written | None] = [None] * len(rows)
        for columns, places in _by_columns(rows).items():
            chosen = [rows[place] for place in places]
            for row in chosen:
                self._add_effects(entity, row)
            if not columns:
                continue
            shape = StatementShape(Action.UPDATE, columns, LogMode.LATER, amends=True)
            for row in await self._run(entity, shape, chosen, places):
                outcome[places[row["n"] - 1]] = written_row(row)
                self._replace((entity.number, row["key"]), row["image"], row["previous"])
        return outcome

    def has_written(self, entity: EntityModel, key: KeyValue) -> bool:
        """Whether this commit has an entry of a record, and has not deleted it."""
        place = self._latest.get((entity.number, entity.key.text(key)))
        return place is not None and self.entries[place][3] != Action.DELETE.value

    def add(self, entry: LogEntry) -> None:
        """Keep a log entry for the end. Raises CONFLICT when there are too many."""
        if len(self.entries) >= MAX_ROWS:
            raise RocketError("CONFLICT", f"A commit can hold at most {MAX_ROWS} records")
        self._latest[entry[0], entry[1]] = len(self.entries)
        self.entries.append(entry)
        self.unsettled.append(entry)
        self.records += 1

    async def finish(self) -> int:
        """Append the log entries, once. Returns the position, 0 if nothing was changed.

        Raises SchemaMoved, and VALIDATION_FAILED for cycles.
        """
        if self.settle_totals is not None:
            await self.settle_totals()
        if self._position is None:
            await self.refuse_cycles()
            if self.entries:
                self._position = await self._append()
            else:
                # Statements may have found nothing because of the fence, and no entry checks it at the end.
                await self.check_schema()
                self._position = 0
        return self._position

    async def refuse_cycles(self) -> None:
        """Raises VALIDATION_FAILED where the commit makes a record its own ancestor by an acyclic relation."""
        await refuse_cycles(self.transaction, self.model, self.entries, self.marks)

    async def check_schema(self) -> None:
        """Raises SchemaMoved when the schema is another by now: that may be why a row was not found."""
        if await self.transaction.fetchval(store.SCHEMA_VERSION) != self.model.version:
            raise SchemaMoved

    async def lock_keys(self, entity: EntityModel, keys: Sequence[KeyValue]) -> None:
        """Make creations and deletions of keys that clients choose follow one another, so that versions go on."""
        if not entity.key.generated:
            await self.lock_record_ids(entity, [entity.key.text(key) for key in keys])

    async def lock_record_ids(self, entity: EntityModel, record_ids: Sequence[str]) -> None:
        """The same for any entity, by record ids."""
        await self.transaction.execute(store.LOCK_KEYS, record_ids, entity.number)

    def _log_later(self, entity: EntityModel, shape: StatementShape, row: Any, effects: str | None) -> None:
        previous = self.swaps.previous(entity, row["key"], row["previous"], shape.columns)
        entry = (entity.number, row["key"], row["version"], shape.action.value, row["image"], previous, effects)
        self.add(entry)

    async def _append(self) -> int:
        command = self.command
        position = await self.transaction.fetchval(
            store.APPEND_ENTRIES, self.model.version, command.id, command.context, command.effect_key,
            command.trace_id, *map(list, zip(*self.entries, strict=True)),
        )  # fmt: skip
        if position is None:
            raise SchemaMoved
        return int(position)

    async def _run(
        self, entity: EntityModel, shape: StatementShape, rows: Sequence[RowChange], places: Sequence[int]
    ) -> Sequence[Any]:
        sql, values = statement(entity, shape, rows, self.model.version)
        try:
            return await self.transaction.fetch(sql, *values)
        except UniqueViolation as violation:
            columns, taken = taken_values(violation)
            # Of rows that want the same value, the second is one too many, whether or not the first is.
            found = [places[n] for n, row in enumerate(rows) if _as_postgres(row, columns) == taken][:2]
            raise RowRefused(found[-1] if found else None, conflict(violation)) from None
        except LimitExceeded as error:
            found_at, named = name_limit(entity, [row.values for row in rows], LimitReached.of(error))
            raise RowRefused(None if found_at is None else places[found_at], named) from None

    def _replace(self, record: RecordId, image: str, previous: str) -> None:
        place = self._latest[record]
        number, key, version, action, _, before, effects = self.entries[place]
        if before is not None:
            # What was there before the commit is what its first change has found.
            before = exact.dumps({**exact.loads(previous), **exact.loads(before)}).decode()
        self.entries[place] = (number, key, version, action, image, before, effects)
        self.unsettled.append((number, key, version, Action.UPDATE.value, image, previous, None))

    def _add_effects(self, entity: EntityModel, row: RowChange) -> None:
        if row.effects is None or row.key is None:
            return
        place = self._latest[entity.number, entity.key.text(row.key)]
        number, key, version, action, image, previous, effects = self.entries[place]
        both = [*exact.loads(effects or "[]"), *exact.loads(row.effects)]
        self.entries[place] = (number, key, version, action, image, previous, exact.dumps(both).decode())


def _as_postgres(row: RowChange, columns: Sequence[str]) -> str:
    """A row's values of these columns as PostgreSQL writes them in its message."""
    values = (row.values.get(column) for column in columns)
    return ", ".join(("f", "t")[value] if isinstance(value, bool) else str(value) for value in values)


def _by_columns(rows: Sequence[RowChange]) -> dict[tuple[str, ...], list[int]]:
    """Places of rows by the columns they set; rows alike go into one statement."""
    shapes: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        shapes[tuple(sorted(row.values))].append(place)
    return shapes
