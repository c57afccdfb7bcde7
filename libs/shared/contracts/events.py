"""Events, traces and the audit log: what the events service answers. `query` is the URL's query as pairs."""

from __future__ import annotations

from dataclasses import dataclass, field

from libs.shared.contracts.messages import Request, Response, Writes
from libs.shared.contracts.records import Pairs
from libs.shared.parameters import PAGES, taking

EVENT_FILTERS = ("source", "component", "action", "entity", "event_type", "trace_id", "user_id", "status")
AUDIT_FILTERS = ("entity", "record_id", "user_id", "action", "source")
WINDOW = ("from", "to")


@dataclass(frozen=True, slots=True)
class RecordEvent(Request[Response]):
    """A business event from `{action, entity?, record_id?, metadata?}`."""

    service, name = "events", "events.record"
    writes = Writes.APP
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
    """Counts, durations and error rates of a window of time: the list's filters, from, to, group_by in `query`."""

    service, name = "events", "events.stats"
    parameters = taking(*EVENT_FILTERS, *WINDOW, "group_by")
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ListAuditLogs(Request[Response]):
    """One page of the audit log: filters, from, to, sort, page, per_page in `query`."""

    service, name = "events", "audit_logs.list"
    parameters = taking(*AUDIT_FILTERS, *WINDOW, "sort", *PAGES)
    query: Pairs = field(default_factory=list)
