"""Business events: as rows, and as signals for those who wait for them. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from libs.shared.contracts.business_events import BusinessEventRecorded, EventSent
from libs.shared.contracts.context import NO_TRACE
from libs.shared.contracts.streams import CommitEvent, SignalEvent
from libs.shared.ids import named_uuid
from libs.shared.schema import EntityDefinition
from libs.shared.schema.secrecy import concealed, hidden_texts
from services.events.rows import Row, scrubbed, text_of

_IDS = uuid.UUID("6d0f3b52-5b0b-4a53-9a5e-0f7c5b1f0c55")


def told(row: Row, email: str | None, roles: Sequence[str], cause_depth: int) -> BusinessEventRecorded:
    """The signal about the event of a row."""
    about = f"{row['entity']}/{row['record_id']}" if row["record_id"] is not None else row["action"]
    return BusinessEventRecorded(
        trace_id=row["trace_id"] or NO_TRACE,
        event_key=row.get("id") or row["span_id"],
        about=about,
        action=row["action"],
        entity=row["entity"],
        record_id=row["record_id"],
        metadata=row["metadata"],
        user_id=row["user_id"],
        user_email=email,
        user_roles=list(roles),
        cause_depth=cause_depth,
    )


def event_row(span_id: str, at: str, **values: Any) -> Row:
    """The row of a business event that is no request of its own."""
    row: Row = scrubbed(
        {
            "span_id": span_id,
            "parent_span_id": None,
            "event_type": "business",
            "source": "app",
            "component": "business",
            "duration_ms": None,
            "status": "ok",
            "created_at": at,
            **values,
        }
    )
    return row


def transition_rows(event: CommitEvent, definition: EntityDefinition | None) -> list[Row]:
    """The business events of a commit's transitions, without values that the definition hides."""
    sent = [(number, effect) for number, effect in enumerate(event.effects) if effect["type"] == "send_event"]
    if not sent:
        return []
    hidden = {text for record in (event.before, event.after) for text in hidden_texts(record, definition, shortest=1)}
    return [_transition_row(event, number, concealed(effect, hidden)) for number, effect in sent]


def _transition_row(event: CommitEvent, number: int, effect: Mapping[str, Any]) -> Row:
    return event_row(
        str(uuid.uuid5(uuid.NAMESPACE_OID, f"{event.app_id}/{event.key}/{number}")),
        event.at,
        trace_id=event.trace_id,
        action=text_of(effect["event"]),
        entity=event.entity,
        record_id=event.record_id,
        user_id=text_of(event.actor.get("id")),
        metadata=effect.get("payload") or {},
    )


def told_of_transition(event: CommitEvent, row: Row) -> BusinessEventRecorded:
    """The signal about the event of a commit's transition."""
    actor = event.actor
    return told(row, actor.get("email"), actor.get("roles") or (), event.cause_depth + 1)


def workflow_event_id(app_id: str, effect_key: str) -> str:
    """The id of the event that a step of a workflow instance sends."""
    return named_uuid(_IDS, f"{app_id}/{effect_key}")


def sent_row(event: SignalEvent, sent: EventSent) -> Row:
    """The business event that a workflow instance sends."""
    return event_row(
        workflow_event_id(event.app_id, sent.effect_key),
        event.at,
        trace_id=sent.trace_id if sent.trace_id != NO_TRACE else None,
        action=sent.event,
        entity=sent.entity or None,
        record_id=sent.record_id or None,
        user_id=sent.user_id,
        metadata=dict(sent.payload),
    )


def told_of_workflow(sent: EventSent, row: Row) -> BusinessEventRecorded:
    """The signal about the event that a workflow instance sends."""
    return told(row, sent.user_email, (), sent.cause_depth + 1)
