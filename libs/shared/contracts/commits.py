"""The commit log: what the data service answers about commits and entries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from libs.shared.contracts.bodies import RequestBody
from libs.shared.contracts.messages import Request, Response, Writes
from libs.shared.contracts.records import Pairs
from libs.shared.parameters import PAGES, taking


@dataclass(frozen=True, slots=True)
class ListCommits(Request[Response]):
    """One page of all commits, newest first: entity, user_id, from, to, page, per_page in `query`."""

    service, name = "data", "commits.list"
    parameters = taking("entity", "user_id", "from", "to", *PAGES)
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class GetCommit(Request[Response]):
    """One commit, with those of its records that the caller may read; `commit_id` may be a position."""

    service, name = "data", "commits.get"
    parameters = taking(*PAGES)
    commit_id: str
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class UndoCommit(Request[Response]):
    """A commit that takes another one back, if none of its records has changed since."""

    service, name = "data", "commits.undo"
    writes = Writes.APP
    commit_id: str


class RepairBody(RequestBody):
    """From where entries are looked at (`next` of the answer before), and whether the log is left as it is."""

    may_be_absent: ClassVar[bool] = True

    after: str | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class RepairLog(Request[Response]):
    """Repair the wrong ones among some entries of the log more, behind `after` (empty: from the beginning).

    `after` is the answer's `next`. With `dry_run` nothing is changed.
    """

    service, name = "data", "log.repair"
    after: str
    dry_run: bool


@dataclass(frozen=True, slots=True)
class LogRange:
    """Positions of the log; both ends belong."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class LocateRange(Request[LogRange]):
    """The positions between two ends, each a position or a time as text; an empty `until` means now."""

    service, name, reply = "data", "commits.locate", LogRange
    by_services = True
    since: str
    until: str = ""


@dataclass(frozen=True, slots=True)
class LogPart:
    """The position and number up to which the log was read; `body` is a JSON list of events, as published."""

    position: int
    n: int
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class ReadEntityLog(Request[LogPart]):
    """The next entries about an entity behind (`position`, `n`), up to the position `last`; a bounded part of them."""

    service, name, reply = "data", "commits.read", LogPart
    by_services = True
    entity: str
    position: int
    n: int
    last: int


@dataclass(frozen=True, slots=True)
class FetchCommit(Request[Response]):
    """The whole JSON of a commit that was published as a reference because of its size."""

    service, name = "data", "commits.fetch"
    by_services = True
    position: int
    n: int


@dataclass(frozen=True, slots=True)
class ReadLog(Request[Response]):
    """A stretch of the log as it would be published: entries behind (`position`, `n`), at most `most` of them.

    Not beyond position `until`, nor beyond what is settled. The body is libs/shared/bus/outbox/log_batches.py's; the
    header `head` is the greatest position that there is.
    """

    service, name = "data", "log.read"
    by_services = True
    position: int
    n: int
    until: int
    most: int
