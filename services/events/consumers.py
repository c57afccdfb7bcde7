"""Commits become audit rows, signals and spans become events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libs.shared import clock
from libs.shared.bus.consumers.consumer import Plan
from libs.shared.bus.outbox.transactions import Transaction
from libs.shared.contracts.business_events import BusinessEventRecorded, EventSent
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.streams import CommitEvent, SignalEvent
from services.events import activity_store, store
from services.events.activity import activity_rows
from services.events.audit import audit_row, change_row
from services.events.business_events import sent_row, told_of_transition, told_of_workflow, transition_rows
from services.events.rows import days_of, moment_of, scrubbed, signal_row, telemetry_rows
from services.events.state import State

Row = dict[str, Any]
Spans = Sequence[Row]


@dataclass(frozen=True, slots=True)
class CommitRows:
    """The rows stored for a commit: its audit row (None if its entity opts out), the events of its transitions,
    and what it means for the activity of its record."""

    event: CommitEvent
    audit: Row | None
    events: Sequence[Row]
    activity: Sequence[Row] = ()


@dataclass(frozen=True, slots=True)
class SignalRows:
    """The rows stored for a signal: the audit row of the change it reports, and its event unless that is too old.

    `told` passes on the business event that it is about.
    """

    change: Row | None
    event: Row | None
    told: BusinessEventRecorded | None = None


async def plan_commits(state: State, app: AppRef, events: Sequence[CommitEvent]) -> Plan:
    """The rows of commits, by the definitions of their schema versions."""
    await state.definitions.prepare(app, {event.schema_version for event in events})
    reactions = [_rows_of(state, app, event) for event in events]
    await state.ensure_days(app, days_of({row["created_at"] for each in reactions for row in each.events}))
    return Plan(reactions)


def _rows_of(state: State, app: AppRef, event: CommitEvent) -> CommitRows:
    definitions = state.definitions.of(app, event)
    definition = definitions.definition(event.entity)
    audited = audit_row(event, definition, definitions.audits_by_default)
    told = activity_rows(event, definition, definitions.states(event.entity))
    return CommitRows(event, audited, transition_rows(event, definition), told)


async def apply_commits(state: State, transaction: Transaction, reactions: Sequence[CommitRows]) -> None:
    """Insert audit rows and activity, note which entities opted out, and insert the events of transitions."""
    await store.insert_audit(transaction.connection, [each.audit for each in reactions if each.audit is not None])
    await activity_store.insert(transaction.connection, [row for each in reactions for row in each.activity])
    if opted_out := [each.event for each in reactions if each.audit is None]:
        positions = [(event.entity, event.position) for event in opted_out]
        await store.note_unaudited(transaction.connection, positions)
    since = await state.kept_since(transaction.app)
    rows = [row for each in reactions for row in each.events if moment_of(row["created_at"]) >= since]
    if rows:
        await store.insert(transaction.connection, rows)
    transaction.emit(*(told_of_transition(each.event, row) for each in reactions for row in each.events))


async def plan_signals(state: State, app: AppRef, events: Sequence[SignalEvent]) -> Plan:
    """The rows of signals."""
    await state.ensure_days(app, days_of(event.at for event in events))
    since = await state.kept_since(app)
    return Plan([_of_signal(each, since) for each in events])


def _of_signal(event: SignalEvent, since: datetime) -> SignalRows | None:
    if BusinessEventRecorded.is_in(event):
        return None  # its row was stored when it was recorded
    sent = EventSent.decode(event)
    row = sent_row(event, sent) if sent else signal_row(event)
    told = told_of_workflow(sent, row) if sent else None
    return SignalRows(change_row(event), row if moment_of(event.at) >= since else None, told)


async def apply_signals(state: State, transaction: Transaction, reactions: Sequence[SignalRows]) -> None:
    """Insert events and audit rows, and pass business events on."""
    transaction.emit(*(each.told for each in reactions if each.told))
    for each in reactions:
        if each.change is not None:
            await store.insert_change(transaction.connection, scrubbed(each.change))
        if each.event is not None:
            await store.insert(transaction.connection, [each.event])


async def plan_telemetry(state: State, app: AppRef, events: Sequence[Spans]) -> Plan:
    """The spans of batches that are kept."""
    instrumentation, now = await state.instrumentation(app), clock.unix()
    kept = [state.sampler.kept(app.id, spans, instrumentation, now) for spans in events]
    # Times of one format sort like their texts, and the spans of a batch are only moments apart.
    moments = [span["created_at"] for spans in kept for span in spans]
    await state.ensure_days(app, days_of({min(moments), max(moments)} if moments else ()))
    return Plan(kept)


async def apply_telemetry(state: State, transaction: Transaction, reactions: Sequence[Spans]) -> None:
    """Insert all spans in one statement."""
    since = await state.kept_since(transaction.app)
    rows = telemetry_rows((span for spans in reactions for span in spans), since)
    if rows:
        await store.insert(transaction.connection, rows)
