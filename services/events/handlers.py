"""Every question about what happened: load, decide, commit, reply."""

from __future__ import annotations

from libs.shared import clock, exact
from libs.shared.contracts.context import Context
from libs.shared.contracts.events import GetStats, GetTrace, ListAuditLogs, ListEvents, RecordEvent
from libs.shared.contracts.messages import Answer
from libs.shared.errors import not_found
from libs.shared.ids import parse_uuid
from services.events import store
from services.events.bodies import business_event
from services.events.queries import Selection, audit_selection, events_selection, grouping, window
from services.events.rows import business_row, days_of
from services.events.state import State
from services.events.traces import waterfall

RECORDED = ("id", "trace_id", "span_id", "event_type", "action", "entity", "record_id", "created_at")


async def record_event(state: State, context: Context, question: RecordEvent) -> Answer:
    """Write down what the caller tells of."""
    row = business_row(context, business_event(question.body), clock.now())
    app = context.the_app
    await state.partitions.ensure(app, days_of([row["created_at"]]))
    async with state.database(app).transaction() as transaction:
        await store.insert(transaction, [row])
    return Answer(201, exact.dumps({"data": {name: row[name] for name in RECORDED}}))


async def list_events(state: State, context: Context, question: ListEvents) -> Answer:
    """One page of events."""
    selection = events_selection(question.query)
    return _listed(selection, *await store.page(state.database(context.the_app), selection))


async def list_audit_logs(state: State, context: Context, question: ListAuditLogs) -> Answer:
    """One page of the audit log."""
    selection = audit_selection(question.query)
    return _listed(selection, *await store.audit_page(state.database(context.the_app), selection))


async def get_trace(state: State, context: Context, question: GetTrace) -> Answer:
    """One trace as a tree."""
    trace_id = parse_uuid(question.trace_id)
    spans = await store.trace(state.database(context.the_app), trace_id) if trace_id else []
    if not spans:
        raise not_found("Trace")
    return Answer(body=exact.dumps({"data": waterfall(spans)}))


async def get_stats(state: State, context: Context, question: GetStats) -> Answer:
    """Figures of a window of time."""
    since, until = window(question.query, clock.now())
    groups = list(dict.fromkeys(("source", grouping(question.query) or "source")))
    figures = await store.stats(state.database(context.the_app), since, until, groups)
    shown = {"window": {"from": clock.iso(since), "to": clock.iso(until)}, **figures}
    return Answer(body=exact.dumps({"data": shown}))


def _listed(selection: Selection, rows: bytes, total: int) -> Answer:
    meta = exact.dumps({"page": selection.page, "per_page": selection.per_page, "total": total})
    return Answer(body=b'{"data":' + rows + b',"meta":' + meta + b"}")
