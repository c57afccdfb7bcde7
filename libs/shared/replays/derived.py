"""Rows that a consumer has made of commits, compared with what the commits come to: the steps of verifying them.

The log is read again, and each commit is put through the same pure decisions as when it was handled, with the
definitions of its own version. For each row that it comes to there must be one, which says the same, and there may
be no others. What goes on with a row (attempts, decisions, times) is no matter of the log, and is not looked at.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from libs.shared import exact
from libs.shared.contracts.apps import NamesEver
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.streams import CommitEvent
from libs.shared.replays import commits
from libs.shared.replays.projection import ReplayState, Step

if TYPE_CHECKING:
    from libs.shared.runtime import Core

ENTRIES = 300
"""Entries of the log compared in one step, where each comes to a few rows at most."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A row that a commit comes to. `key` is unique in the app, `columns` are those that never change.

    Not `certain`: it depends on when the commit was handled whether there is one, or the row may be gone since.
    `row` is what it is called, if not what the derivation calls its rows.
    """

    key: str
    columns: Mapping[str, Any]
    certain: bool = True
    row: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A row that there is, with the place of its commit and a digest of the columns that never change.

    `row` is what it is called, if not what the derivation calls its rows.
    """

    place: tuple[int, int]
    key: str
    columns: Mapping[str, Any]
    digest: bytes
    row: str = ""


def key_of(definition_id: str, commit_key: str) -> str:
    """What a row is known by: there is one per definition and commit."""
    return f"{definition_id}/{commit_key}"


def found_in(row: Any, owner: str) -> Found:
    """A row as it is read: position, n, columns as JSON, digest. `owner` is the column of its definition's id."""
    columns = exact.loads(row["columns"])
    return Found((row["position"], row["n"]), key_of(columns[owner], columns["commit_key"]), columns, row["digest"])


class HasCore(Protocol):
    """The state of a service."""

    @property
    def core(self) -> Core:
        """The runtime's resources."""


S = TypeVar("S", bound=HasCore)
T = TypeVar("T", bound=HasCore, contravariant=True)


class Derivation(Protocol[T]):
    """How a service makes rows of commits."""

    consumer: str
    row: str
    """What a row is called where it differs."""
    entries: int
    """Entries of the log compared in one step, mostly `ENTRIES`."""

    async def expected(
        self, state: T, app: AppRef, events: Sequence[CommitEvent], names: NamesEver
    ) -> Sequence[tuple[CommitEvent, Expected]]:
        """The rows that commits come to, each with its commit; `names` are all that anything ever had."""

    async def found(self, state: T, app: AppRef, after: tuple[int, int], last: tuple[int, int]) -> Sequence[Found]:
        """The rows there are of commits behind a place, up to another."""

    def differing(self, expected: Expected, found: Found, names: NamesEver) -> list[str]:
        """The columns in which a row is not what it should be."""


def has_lost_names(names: NamesEver, entity: str, fields: Collection[str]) -> bool:
    """Whether an entity had fields that are not among today's: what was said in their names can't be asked again."""
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
        stretch = await commits.read(state.core.rpc, app, after, until, derivation.entries)
        last = stretch.last(until)
        expected = await derivation.expected(state, app, stretch.events, names)
        _compare(derivation, expected, await derivation.found(state, app, after, last), names, replay)
        replay.count(len(stretch.events))
        replay.keep(after=list(last))
        if not stretch.events:
            replay.values.pop("names")
        return not stretch.events

    return step


def _compare(
    derivation: Derivation[Any],
    expected: Sequence[tuple[CommitEvent, Expected]],
    found: Sequence[Found],
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


def _differ(replay: ReplayState, event: CommitEvent, part: Expected, what: str) -> None:
    where = {"entity": event.entity, "record_id": event.record_id, "position": event.position, "n": event.n}
    replay.differ(what, key=part.key, **where)
