"""Events, traces and the audit log: what the events service answers. `query` is the URL's query as pairs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from libs.shared import exact
from libs.shared.contracts.bodies import RequestBody, Text, refusal, required_text
from libs.shared.contracts.messages import Request, Response, Writes
from libs.shared.contracts.records import Exported, Pairs
from libs.shared.parameters import PAGES, taking

EVENT_FILTERS = ("source", "component", "action", "entity", "event_type", "trace_id", "user_id", "status")
AUDIT_FILTERS = ("entity", "record_id", "user_id", "user_email", "action", "source", "field", "cause", "trace_id")
WINDOW = ("from", "to")
MAX_EVENT_CHARACTERS = 500
"""Of an action, an entity, a record's id."""
MAX_METADATA_BYTES = 64 * 1024
"""Of an event's metadata, as JSON."""


def _bounded_json(metadata: dict[str, Any]) -> dict[str, Any]:
    text = exact.dumps(metadata)
    if len(text) > MAX_METADATA_BYTES:
        raise refusal("max_length", f"must have at most {MAX_METADATA_BYTES} bytes")
    if b"\\u0000" in text:
        raise refusal("character", "must not hold the character NUL")
    return metadata


EventText = Annotated[Text, Field(max_length=MAX_EVENT_CHARACTERS)]


class BusinessEventBody(RequestBody):
    """What a caller tells of."""

    action: Annotated[EventText, BeforeValidator(required_text), Field(min_length=1)]
    entity: EventText | None = None
    record_id: EventText | int | None = None
    metadata: Annotated[dict[str, Any], AfterValidator(_bounded_json)] | None = None


@dataclass(frozen=True, slots=True)
class RecordEvent(Request[Response]):
    """A business event."""

    service, name = "events", "events.record"
    writes = Writes.APP
    body_model = BusinessEventBody
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class ListEvents(Request[Response]):
    """One page of events: filters, sort, page, per_page in `query`."""

    service, name = "events", "events.list"
    parameters = taking(*EVENT_FILTERS, *WINDOW, "sort", *PAGES)
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class GetTrace(Request[Response]):
    """Everything that happened in one trace, as a tree of spans."""

    service, name = "events", "events.trace"
    trace_id: str


@dataclass(frozen=True, slots=True)
class GetStats(Request[Response]):
    """Counts, durations and error rates of a window of time: the list's filters, from, to, group_by, interval in
    `query`."""

    service, name = "events", "events.stats"
    parameters = taking(*EVENT_FILTERS, *WINDOW, "group_by", "interval")
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ListAuditLogs(Request[Response]):
    """One page of the audit log: filters, from, to, sort, page and per_page, or cursor, in `query`."""

    service, name = "events", "audit_logs.list"
    parameters = taking(*AUDIT_FILTERS, *WINDOW, "sort", "cursor", *PAGES)
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ExportAuditLogs(Request[Exported]):
    """All rows of the audit log that match, in the `format` that `query` names."""

    service, name, reply = "events", "audit_logs.export", Exported
    parameters = taking(*AUDIT_FILTERS, *WINDOW, "sort", "format")
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class NewEvents:
    """Events as JSON objects in `body`, one per line, with id and position each, in the order of being stored.

    All up to `position` (microseconds since 1970) are among them, unless `is_cut`, which means that there were more.
    """

    position: int
    events: list[tuple[str, int]]
    is_cut: bool = False
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class ListNewEvents(Request[NewEvents]):
    """Events that were stored after a position, with the filters of a list in `query`. -1: none, only the position."""

    service, name, reply = "events", "events.new", NewEvents
    parameters = taking(*EVENT_FILTERS)
    after: int
    query: Pairs = field(default_factory=list)
