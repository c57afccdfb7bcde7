"""Live queries: how far an app's log is settled, and what of it a caller may see."""

from __future__ import annotations

from dataclasses import dataclass, field

from libs.shared.contracts.messages import Request
from libs.shared.contracts.records import CHOICE, SHOWN
from libs.shared.parameters import taking

Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class CommitWatermark:
    """The position at or below which no commit can appear any more."""

    position: int


@dataclass(frozen=True, slots=True)
class AwaitCommits(Request[CommitWatermark]):
    """The watermark of the app's log as soon as it is beyond `after`, or after `wait` seconds.

    When too many wait already, it is answered at once.
    """

    service, name, reply = "data", "live.await", CommitWatermark
    after: int
    wait: float


@dataclass(frozen=True, slots=True)
class Changes:
    """Commits as JSON objects in `body`, one per line; `positions` are theirs. All up to `position` is told."""

    position: int
    positions: list[int]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class ListChanges(Request[Changes]):
    """What happened behind `after`, up to `until`, to records of `entities` that the caller may see.

    `until` has to be settled. `query` has a list's filters, for a single entity. What is too much for
    one answer comes with the next, which begins behind the answer's position.
    """

    service, name, reply = "data", "live.changes", Changes
    parameters = taking(*CHOICE, *SHOWN, "cursor", filters=True, of_records=True)
    entities: list[str]
    after: int
    until: int
    query: Pairs = field(default_factory=list)
