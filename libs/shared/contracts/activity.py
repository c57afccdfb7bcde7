"""The activity of a record: what has happened to it, merged from the log, comments and workflow instances."""

from __future__ import annotations

from dataclasses import dataclass, field

from libs.shared.contracts.messages import Request, Response
from libs.shared.contracts.records import Pairs
from libs.shared.parameters import PAGES, taking

TYPES = ("created", "field_update", "state_change", "deleted", "restored", "comment", "workflow")
MAX_PLACES = 500
"""Entries of the log that are described at once."""


@dataclass(frozen=True, slots=True)
class ListActivity(Request[Response]):
    """What has happened to a record, newest first, as far as the caller may read it today; `type` narrows it."""

    service, name = "events", "activity.list"
    parameters = taking("type", "cursor", *PAGES)
    entity: str
    id: str
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DescribeActivity(Request[Response]):
    """What the caller may read of entries of a record's log (position and n), and of comments on it.

    The answer has `entity`, `record_id`, `states` (fields with state machines), `entries` by `<position>.<n>` and
    `comments` by id; those that the caller may not read are left out. Raises NOT_FOUND for a record that they may not.
    """

    service, name = "data", "activity.describe"
    entity: str
    id: str
    places: list[tuple[int, int]]
    comments: list[str]


@dataclass(frozen=True, slots=True)
class RecordSteps:
    """Steps of workflow instances, newest first, as a JSON list in `body`."""

    body: bytes = b""


@dataclass(frozen=True, slots=True)
class ListRecordSteps(Request[RecordSteps]):
    """What the instances about a record have done before a moment and an id, newest first, at most `limit` steps.

    `names` are those that the entity has or has had. An empty moment is now. Who may read the record decides the
    service that asks.
    """

    service, name, reply = "workflow", "instances.steps", RecordSteps
    by_services = True
    names: list[str]
    record_id: str
    before: str
    before_id: str
    limit: int
