"""A commit of several records: row changes as they come, their log entries in the last statement.

All changes of a commit share one position, which is taken last, when every row is locked. Each
statement begins at the schema fence, and so does the last one: a schema that moves in between leaves
nothing behind.
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
from services.data.writes.statements.changes import Action, RowChange, Written
from services.data.writes.statements.command import Command
from services.data.writes.statements.cycles import Marks, refuse_cycles
from services.data.writes.statements.limits import name_limit
from services.data.writes.statements.statements import Log, Shape, statement
from services.data.writes.statements.unique_swaps import UniqueSwaps

MAX_ROWS = 100_000
"""Records of one commit, cascades included."""

GUARD = """
SELECT pg_advisory_xact_lock(hashtextextended(_k.key, $2)) FROM (SELECT unnest($1::text[]) AS key ORDER BY 1) _k
"""
CURRENT = "SELECT version FROM metadata.schema_version"
APPEND = """
WITH _p AS MATERIALIZED (
    SELECT nextval('data.position') AS position, _v.version FROM metadata.schema_version _v WHERE _v.version = $1
), _logged AS (
    INSERT INTO data.commits (position, n, commit_id, entity, record_id, version, action, image, previous,
        context, effects, effect_key, trace_id, schema_version, at)
    SELECT _p.position, _e.n, $2, _e.entity, _e.record_id, _e.version, _e.action, _e.image, _e.previous,
        $3, _e.effects, $4, $5, $1, clock_timestamp()
    FROM _p, unnest($6::int[], $7::text[], $8::bigint[], $9::text[], $10::jsonb[], $11::jsonb[], $12::jsonb[])
        WITH ORDINALITY AS _e(entity, record_id, version, action, image, previous, effects, n)
)
SELECT _p.position FROM _p
"""

LogEntry = tuple[int, str, int, str, str | None, str | None, str | None]
"""entity number, record id, version, action, image, previous, effects: a log entry that waits for its position."""


class RowRefused(Exception):
    """The database has refused a row: its unique value belongs to another record, or it is more than fits.

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
        self.fresh: list[LogEntry] = []
        """Changes that totals have not been made of yet."""
        self.settle: Callable[[], Awaitable[None]] | None = None
        """Brings the totals of what has changed up to date."""
        self.settled: dict[tuple[int, str], Written] = {}
        """Entity number and record id → the record with its totals as they are in the end."""
        self._latest: dict[tuple[int, str], int] = {}
        """Entity number and record id → the place of its last entry."""
        self.marks: Marks = {}
        """Entity number and record id → says in details where the request has sent this record."""
        self.records = 0
        self.swaps = UniqueSwaps(transaction)
        self._position: int | None = None

    async def apply(
        self,
        entity: EntityModel,
        action: Action,
        rows: Sequence[RowChange],
        is_all: bool = False,
    ) -> list[Written | None]:
        """Change rows; answers each one's outcome in their order, None where no row was changed.

        `is_all` says that the commit is nothing but these changes, so that they may be logged as they are made.
        Raises Refused for a taken or too long value, CONFLICT for a commit of too many records.
        """
        outcome: list[Written | None] = [None] * len(rows)
        if action is Action.CREATE or (action is Action.DELETE and not entity.soft_delete):
            await self.guard(entity, [row.key for row in rows if row.key])
        shapes = _by_columns(rows)
        moves = [(row.key, row.values) for row in rows if row.key] if action is Action.UPDATE else []
        parked = await self.swaps.park(entity, moves)
        at_once = is_all and len(shapes) == 1 and not parked and not entity.trees
        log = Log.TOGETHER if at_once else Log.LATER
        for columns, places in shapes.items():
            shape = Shape(action, columns, log)
            chosen = [rows[place] for place in places]
            for row in await self._run(entity, shape, chosen, places):
                place = places[row["n"] - 1]
                outcome[place] = Written.of(row)
                if log is Log.TOGETHER:
                    self._position = row["position"]
                    self.records += 1
                    continue
                effects = rows[place].effects
                previous = self.swaps.previous(entity, row["key"], row["previous"], columns)
                entry = (entity.number, row["key"], row["version"], action.value, row["image"], previous)
                self.note((*entry, effects))
        return outcome

    async def amend(self, entity: EntityModel, rows: Sequence[RowChange]) -> list[Written | None]:
        """Change rows that this commit has written already: their entries say what becomes of them in the end.

        Answers and raises as `apply` does; None also for a row that sets nothing.
        """
        outcome: list[Written | None] = [None] * len(rows)
        for columns, places in _by_columns(rows).items():
            chosen = [rows[place] for place in places]
            for row in chosen:
                self._add_effects(entity, row)
            if not columns:
                continue
            for row in await self._run(entity, Shape(Action.UPDATE, columns, Log.LATER, amends=True), chosen, places):
                outcome[places[row["n"] - 1]] = Written.of(row)
                self._replace((entity.number, row["key"]), row["image"], row["previous"])
        return outcome

    def has_written(self, entity: EntityModel, key: KeyValue) -> bool:
        """Whether this commit has an entry of a record, which is there."""
        place = self._latest.get((entity.number, entity.key.text(key)))
        return place is not None and self.entries[place][3] != Action.DELETE.value

    def _replace(self, record: tuple[int, str], image: str, previous: str) -> None:
        place = self._latest[record]
        number, key, version, action, _, before, effects = self.entries[place]
        if before is not None:
            # What was there before the commit is what its first change has found.
            before = exact.dumps({**exact.loads(previous), **exact.loads(before)}).decode()
        self.entries[place] = (number, key, version, action, image, before, effects)
        self.fresh.append((number, key, version, Action.UPDATE.value, image, previous, None))

    def _add_effects(self, entity: EntityModel, row: RowChange) -> None:
        if row.effects is None or row.key is None:
            return
        place = self._latest[entity.number, entity.key.text(row.key)]
        *entry, effects = self.entries[place]
        both = [*exact.loads(effects or "[]"), *exact.loads(row.effects)]
        self.entries[place] = (*entry, exact.dumps(both).decode())  # type: ignore[assignment]

    async def _run(
        self, entity: EntityModel, shape: Shape, rows: Sequence[RowChange], places: Sequence[int]
    ) -> Sequence[Any]:
        sql, values = statement(entity, shape, rows, self.model.version)
        try:
            return await self.transaction.fetch(sql, *values)
        except UniqueViolation as violation:
            columns, taken = taken_values(violation)
            # Of rows that want the same value, the second is one too many, whether or not the first is.
            found = [places[n] for n, row in enumerate(rows) if _text(row, columns) == taken][:2]
            raise RowRefused(found[-1] if found else None, conflict(violation)) from None
        except LimitExceeded as error:
            found_at, named = name_limit(entity, [row.values for row in rows], LimitReached.of(error))
            raise RowRefused(None if found_at is None else places[found_at], named) from None

    def note(self, entry: LogEntry) -> None:
        """A log entry to be written at the end. Raises CONFLICT when there are too many."""
        if len(self.entries) >= MAX_ROWS:
            raise RocketError("CONFLICT", f"A commit can hold at most {MAX_ROWS} records")
        self._latest[entry[0], entry[1]] = len(self.entries)
        self.entries.append(entry)
        self.fresh.append(entry)
        self.records += 1

    async def finish(self) -> int:
        """Write the log entries, once. Answers the position, 0 if nothing was changed.

        Raises SchemaMoved, and VALIDATION_FAILED for cycles.
        """
        if self.settle is not None:
            await self.settle()
        if self._position is None:
            await self.refuse_cycles()
            self._position = await (self._append() if self.entries else self._nothing())
        return self._position

    async def refuse_cycles(self) -> None:
        """Raises VALIDATION_FAILED where the commit makes a record its own ancestor by an acyclic relation."""
        await refuse_cycles(self.transaction, self.model, self.entries, self.marks)

    async def _nothing(self) -> int:
        # Each statement may have found nothing because of the fence, and there is no entry to meet it at the end.
        await self.check_schema()
        return 0

    async def _append(self) -> int:
        command = self.command
        position = await self.transaction.fetchval(
            APPEND, self.model.version, command.id, command.context, command.effect_key, command.trace_id,
            *map(list, zip(*self.entries, strict=True)),
        )  # fmt: skip
        if position is None:
            raise SchemaMoved
        return int(position)

    async def check_schema(self) -> None:
        """Raises SchemaMoved when the schema is another by now: that may be why a row was not found."""
        if await self.transaction.fetchval(CURRENT) != self.model.version:
            raise SchemaMoved

    async def guard(self, entity: EntityModel, keys: Sequence[KeyValue]) -> None:
        """Creations and deletions of keys that clients give follow one another, so that versions go on."""
        if not entity.key.generated:
            await self.transaction.execute(GUARD, [entity.key.text(key) for key in keys], entity.number)


def _text(row: RowChange, columns: Sequence[str]) -> str:
    """A row's values of these columns as PostgreSQL writes them in its message."""
    return ", ".join(_shown(row.values.get(column)) for column in columns)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "t" if value else "f"
    return str(value)


def _by_columns(rows: Sequence[RowChange]) -> dict[tuple[str, ...], list[int]]:
    """Places of rows by the columns they set; rows alike go into one statement."""
    shapes: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        shapes[tuple(sorted(row.values))].append(place)
    return shapes
