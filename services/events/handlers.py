"""The endpoints: lists of events and audit rows, traces, statistics, business events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from libs.shared import clock, exact
from libs.shared.bodies import read_json, validate
from libs.shared.contracts.causality import GetCausality
from libs.shared.contracts.context import Context
from libs.shared.contracts.events import (
    BusinessEventBody,
    GetStats,
    GetTrace,
    ListEvents,
    ListNewEvents,
    NewEvents,
    RecordEvent,
)
from libs.shared.contracts.messages import Response
from libs.shared.errors import not_found
from libs.shared.ids import parse_uuid
from services.events import store
from services.events.business_events import told
from services.events.causality.loading import CausalityLoader
from services.events.queries import (
    EventSelection,
    conditions,
    events_selection,
    grouping,
    interval_of,
    window,
)
from services.events.rows import business_row, days_of
from services.events.state import State
from services.events.traces import waterfall

RECORDED = ("id", "trace_id", "span_id", "event_type", "action", "entity", "record_id", "created_at")


async def record_event(state: State, context: Context, request: RecordEvent) -> Response:
    """Record a business event of the caller, and tell of it."""
    row = business_row(context, validate(BusinessEventBody, read_json(request.body)), clock.now())
    app = context.the_app
    await state.ensure_days(app, days_of([row["created_at"]]))
    async with state.transactions.begin(app, emits=True) as transaction:
        await store.insert(transaction.connection, [row])
        transaction.emit(told(row, context.user.email, context.user.roles, context.cause_depth))
    return Response(201, exact.dumps({"data": {name: row[name] for name in RECORDED}}))


async def list_events(state: State, context: Context, request: ListEvents) -> Response:
    """One page of events."""
    selection = events_selection(request.query)
    rows, total = await store.page(state.database(context.the_app), selection)
    meta = _meta(selection, total)
    # Older clients read one, newer clients the other.
    return Response(body=b'{"data":%s,"meta":%s,"pagination":%s}' % (rows, meta, meta))


async def list_new_events(state: State, context: Context, request: ListNewEvents) -> NewEvents:
    """Events that were stored since a look; none to one who has not looked yet."""
    since = datetime.fromtimestamp(request.after / 1e6, UTC) if request.after >= 0 else clock.now() + timedelta(days=1)
    where, values = conditions(request.query, before=1)
    now, found, is_cut = await store.new_events(state.database(context.the_app), since, where, values)
    # What is being stored just now has a position before now; the reader looks again at the last seconds.
    position = now if is_cut or not found else found[-1][1]
    body = "\n".join(row for *_, row in found).encode()
    return NewEvents(position, [(event_id, place) for event_id, place, _ in found], is_cut, body)


async def get_trace(state: State, context: Context, request: GetTrace) -> Response:
    """One trace as a tree."""
    trace_id = parse_uuid(request.trace_id)
    spans = await store.trace(state.database(context.the_app), trace_id) if trace_id else []
    if not spans:
        raise not_found("Trace")
    return Response(body=exact.dumps({"data": waterfall(spans)}))


async def get_causality(state: State, context: Context, request: GetCausality) -> Response:
    """Everything that a trace has led to."""
    trace_id = parse_uuid(request.trace_id)
    if trace_id is None:
        raise not_found("Trace")
    graph = await CausalityLoader(state, context, str(trace_id)).load()
    document = graph.document()
    if len(document["nodes"]) == 1 and document["nodes"][0]["at"] is None:
        raise not_found("Trace")
    return Response(body=exact.dumps({"data": document}))


async def get_stats(state: State, context: Context, request: GetStats) -> Response:
    """Figures of a window of time."""
    since, until = window(request.query, clock.now())
    groups = list(dict.fromkeys(("source", grouping(request.query) or "source")))
    where, values = conditions(request.query, before=2)
    interval = interval_of(request.query, since, until)
    figures = await store.stats(state.database(context.the_app), (since, until), groups, where, values, interval)
    shown = {"window": {"from": clock.iso(since), "to": clock.iso(until)}, **flat(figures), **figures}
    return Response(body=exact.dumps({"data": shown}))


def flat(figures: Mapping[str, Any]) -> dict[str, Any]:
    """The summary's numbers repeated at the top level, under the names that older clients read."""
    summary = figures["summary"]
    return {
        "total_events": summary["total_events"],
        "avg_latency_ms": summary["avg_duration_ms"],
        "p95_latency_ms": summary["p95_duration_ms"],
        "error_rate": summary["error_rate"],
    }


def _meta(selection: EventSelection, total: int) -> bytes:
    return exact.dumps({"page": selection.page, "per_page": selection.per_page, "total": total})
