"""Builds the rows of `events.events`. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

import orjson

from libs.shared.contracts.context import NO_TRACE, Context
from libs.shared.contracts.events import BusinessEventBody
from libs.shared.contracts.streams import SignalEvent
from libs.shared.ids import parse_uuid, uuid7
from libs.shared.telemetry.shipping import span_uuid

MAX_TEXT_CHARACTERS = 500
"""Characters of a signal's value that are kept."""

NUL = b"\\u0000"
"""The character NUL as JSON writes it."""

Row = dict[str, Any]


def read_spans(payload: bytes) -> list[Row]:
    """The spans of a message. Raises ValueError when it is no JSON."""
    spans: list[Row] = orjson.loads(payload)
    return scrubbed(spans) if NUL in payload else spans


def telemetry_rows(spans: Iterable[Row], since: datetime) -> list[Row]:
    """The spans that belong to a request and are within the retention."""
    oldest = since.isoformat()
    return [span for span in spans if span["trace_id"] != NO_TRACE and span["created_at"] >= oldest]


def signal_row(signal: SignalEvent) -> Row:
    """A signal as an event of its service. Only plain values are kept: nested ones may hold records."""
    data = signal.data
    traced = parse_uuid(signal.trace_id) is not None and signal.trace_id != NO_TRACE
    row: Row = scrubbed(
        {
            "trace_id": signal.trace_id if traced else None,
            "span_id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{signal.app_id}/{signal.key}")),
            "parent_span_id": None,
            "event_type": "system",
            "source": signal.service,
            "component": "signal",
            "action": signal.what,
            "entity": text_of(data.get("entity")),
            "record_id": text_of(data.get("record_id")),
            "user_id": text_of(data.get("user_id")),
            "duration_ms": None,
            "status": "error" if signal.what.endswith("_failed") else "ok",
            "metadata": {key: value for key, value in data.items() if _is_plain(value)},
            "created_at": signal.at,
        }
    )
    return row


def business_row(context: Context, body: BusinessEventBody, now: datetime) -> Row:
    """A business event, as a child of the request's span."""
    return {
        "id": str(uuid7()),
        "trace_id": context.trace_id,
        "span_id": str(uuid.uuid4()),
        "parent_span_id": span_uuid(context.trace_id, context.span_id),
        "event_type": "business",
        "source": "app",
        "component": "business",
        "action": body.action,
        "entity": body.entity,
        "record_id": text_of(body.record_id),
        "user_id": context.user.id,
        "duration_ms": None,
        "status": "ok",
        "metadata": body.metadata or {},
        "created_at": now.isoformat(),
    }


def days_of(moments: Iterable[str]) -> set[date]:
    """The days (UTC) of ISO times."""
    return {moment_of(moment).astimezone(UTC).date() for moment in moments}


def moment_of(text: str) -> datetime:
    """An ISO time as an instant; without an offset it is UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def scrubbed(value: Any) -> Any:
    """JSON without the character NUL, which PostgreSQL can't store: one bad path must not cost a batch."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, dict):
        return {scrubbed(key): scrubbed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [scrubbed(item) for item in value]
    return value


def _is_plain(value: Any) -> bool:
    return (
        value is None
        or isinstance(value, int | float)
        or (isinstance(value, str) and len(value) <= MAX_TEXT_CHARACTERS)
    )


def text_of(value: Any) -> str | None:
    """A value as text; None stays None."""
    return None if value is None else str(value)
