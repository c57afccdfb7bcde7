"""Verifies rows that a consumer has derived from commits.

The log is read again, and each commit goes through the same pure decisions as when it was handled, with the definitions
of its own version. There must be an equal row for each row that is expected, and no others. What changes later in a row
(attempts, decisions, times) is not in the log and is not compared.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol, TypeVar

from libs.shared import exact
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.schemas import NamesEver
from libs.shared.contracts.streams import CommitEvent
from libs.shared.replays import commits
from libs.shared.replays.commits import LogAccess
from libs.shared.replays.projection import ReplayState, Step

STEP_ENTRIES = 300
"""Log entries compared in one step, if each produces only a few rows."""


@dataclass(frozen=True, slots=True)
class ExpectedRow:
    """A row that is expected of a commit. `key` is unique in the app, `columns` are those that never change.

    Not `certain`: whether there is one depends on when the commit was handled, or it may have been deleted since.
    `row` is its name in differences, if not that of the derivation.
    """

    key: str
    columns: Mapping[str, Any]
    certain: bool = True
    row: str = ""


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A stored row, with the place of its commit and a digest of the columns that never change.

    `row` is its name in differences, if not that of the derivation.
    """

    place: tuple[int, int]
    key: str
    columns: Mapping[str, Any]
    digest: bytes
    row: str = ""


def key_of(definition_id: str, commit_key: str) -> str:
    """The key of a row: there is one per definition and commit."""
    return f"{definition_id}/{commit_key}"


def found_in(row: Any, owner: str) -> StoredRow:
    """A row as it is read: position, n, columns as JSON, digest. `owner` is the column of its definition's id."""
    columns = exact.loads(row["columns"])
    return StoredRow((row["position"], row["n"]), key_of(columns[owner], columns["commit_key"]), columns, row["digest"])


class HasCore(Protocol):
    """The state of a service."""

    @property
    def core(self) -> LogAccess:
        """The runtime's resources."""


S = TypeVar("S", bound=HasCore)
T = TypeVar("T", bound=HasCore, contravariant=True)


class Derivation(Protocol[T]):
    """How a service derives rows from commits."""

    consumer: str
    row: str
    """The name of a row in differences."""
    entries: int
    """Entries of the log compared in one step, mostly `STEP_ENTRIES`."""

    async def expected(
        self, state: T, app: AppRef, events: Sequence[CommitEvent], names: NamesEver
    ) -> Sequence[tuple[CommitEvent, ExpectedRow]]:
        """The expected rows of commits, each with its commit; `names` are all present and former names."""

    async def found(self, state: T, app: AppRef, after: tuple[int, int], last: tuple[int, int]) -> Sequence[StoredRow]:
        """The stored rows of commits after a position, up to another one."""

    def differing(self, expected: ExpectedRow, found: StoredRow, names: NamesEver) -> list[str]:
        """The columns that differ."""


def has_lost_names(names: NamesEver, entity: str, fields: Collection[str]) -> bool:
    """Whether an entity had fields that it no longer has, so that old expressions can't be evaluated again."""
    return not set(names.fields.get(entity, ())) <= set(fields)


def verifying(derivation: Derivation[S]) -> Step[S]:
    """The step that compares some commits more with their rows, once the consumer has handled them."""

    async def step(state: S, app: AppRef, replay: ReplayState) -> bool:
        if replay.get("after") is None:
            if await commits.caught_up(state.core, app, replay, derivation.consumer):
                replay.keep(after=[0, 0], names=asdict(await commits.names_ever(state.core.rpc, app)))
            return False
        after, until = tuple(replay.get("after")), replay.get("position")
        names = NamesEver(**replay.get("names"))
        batch = await commits.read(state.core.rpc, app, after, until, derivation.entries)
        last = batch.last(until)
        expected = await derivation.expected(state, app, batch.events, names)
        _compare(derivation, expected, await derivation.found(state, app, after, last), names, replay)
        replay.count(len(batch.events))
        replay.keep(after=list(last))
        if not batch.events:
            replay.values.pop("names")
        return not batch.events

    return step


def _compare(
    derivation: Derivation[Any],
    expected: Sequence[tuple[CommitEvent, ExpectedRow]],
    found: Sequence[StoredRow],
    names: NamesEver,
    replay: ReplayState,
) -> None:
    """Note what differs among the rows of some commits."""
    waiting = {part.key: (event, part) for event, part in expected}
    for row in found:
        replay.add(row.digest)
        event, part = waiting.pop(row.key, (None, None))
        if event is None or part is None:
            position, n = row.place
            called = row.row or derivation.row
            replay.differ(f"no commit comes to this {called}", key=row.key, position=position, n=n)
        elif columns := derivation.differing(part, row, names):
            called = row.row or derivation.row
            _differ(replay, event, part, f"the {called} has another {', '.join(columns)}")
    for event, part in waiting.values():
        if part.certain:
            _differ(replay, event, part, f"the {part.row or derivation.row} is missing")


def _differ(replay: ReplayState, event: CommitEvent, part: ExpectedRow, what: str) -> None:
    where = {"entity": event.entity, "record_id": event.record_id, "position": event.position, "n": event.n}
    replay.differ(what, key=part.key, **where)
