"""What the events service does with the three streams: it writes down what happened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.shared.contracts.context import AppRef
from libs.shared.contracts.streams import CommitEvent, SignalEvent
from libs.shared.postgres.databases import Connection
from services.events import store
from services.events.audit import audit_row, change_row
from services.events.rows import days_of, moment_of, scrubbed, signal_row, telemetry_rows, transition_rows
from services.events.state import State

Spans = Sequence[dict[str, Any]]


async def before_commits(state: State, app: AppRef, events: Sequence[CommitEvent]) -> None:
    """Know what has to be masked, and who opts out, by each commit's version; make the days of what they tell."""
    await state.definitions.prepare(app, {event.schema_version for event in events})
    await state.partitions.ensure(app, days_of({row["created_at"] for row in _told(state, app, events)}))


async def on_commits(state: State, app: AppRef, transaction: Connection, events: Sequence[CommitEvent]) -> None:
    """One audit row each, unless the entity opts out; business events that transitions tell of."""
    rows = [(event, audit_row(event, state.definitions.of(app, event).definition(event.entity))) for event in events]
    await store.insert_audit(transaction, [row for _, row in rows if row is not None])
    if opted_out := [event for event, row in rows if row is None]:
        await store.note_unaudited(transaction, [(event.entity, event.position) for event in opted_out])
    told = [row for row in _told(state, app, events) if moment_of(row["created_at"]) >= state.partitions.since()]
    if told:
        await store.insert(transaction, told)


def _told(state: State, app: AppRef, events: Sequence[CommitEvent]) -> list[dict[str, Any]]:
    definitions = [state.definitions.of(app, event).definition(event.entity) for event in events]
    return [row for event, known in zip(events, definitions, strict=True) for row in transition_rows(event, known)]


async def before_signals(state: State, app: AppRef, signals: Sequence[SignalEvent]) -> None:
    """Make the days that are missing."""
    await state.partitions.ensure(app, days_of(signal.at for signal in signals))


async def on_signal(state: State, app: AppRef, transaction: Connection, signal: SignalEvent) -> None:
    """One event, unless it is older than what is kept; and an audit row, if it tells of a change of its kind."""
    row = change_row(signal)
    if row is not None:
        await store.insert_change(transaction, scrubbed(row))
    if moment_of(signal.at) >= state.partitions.since():
        await store.insert(transaction, [signal_row(signal)])


async def before_telemetry(state: State, app: AppRef, batches: Sequence[Spans]) -> None:
    """Make the days that are missing."""
    # Times of one form are in the order of their texts, and a batch holds what happened within moments.
    moments = [span["created_at"] for spans in batches for span in spans]
    await state.partitions.ensure(app, days_of({min(moments), max(moments)} if moments else ()))


async def on_telemetry(state: State, app: AppRef, transaction: Connection, batches: Sequence[Spans]) -> None:
    """All spans that have arrived, in one statement."""
    rows = telemetry_rows((span for spans in batches for span in spans), state.partitions.since())
    if rows:
        await store.insert(transaction, rows)
