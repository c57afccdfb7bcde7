"""Turns webhook actions of transitions into deliveries, once per commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from libs.shared.contracts.context import AppRef
from libs.shared.contracts.streams import CommitEvent
from services.webhook.deliveries import NewDelivery, origin_of
from services.webhook.header_templates import Value
from services.webhook.matching import with_content_type
from services.webhook.payload import body_of, idempotency_key, payload_of

WEBHOOK = "webhook"
HOOK = "transition"
MAX_ATTEMPTS = 3
BACKOFF = "exponential"


def deliveries_of(app: AppRef, event: CommitEvent) -> list[NewDelivery]:
    """The deliveries of a commit's transitions; their webhook_id is the state machine's id."""
    return [
        _delivery(app, event, number, effect)
        for number, effect in enumerate(event.effects)
        if effect["type"] == WEBHOOK
    ]


def _delivery(app: AppRef, event: CommitEvent, number: int, effect: Mapping[str, Any]) -> NewDelivery:
    transition = dict(effect["transition"])
    machine = transition.pop("machine")
    commit_key = f"{event.key}/{number}"
    key = idempotency_key(app.id, machine, commit_key)
    return NewDelivery(
        webhook_id=machine,
        commit_key=commit_key,
        entity=event.entity,
        record_id=event.record_id,
        hook=HOOK,
        url=effect["url"],
        method=effect["method"],
        headers=with_content_type({name: header_of(value) for name, value in effect.get("headers", {}).items()}),
        body=body_of({**payload_of(event, HOOK, key), "transition": transition}),
        max_attempts=MAX_ATTEMPTS,
        backoff=BACKOFF,
        idempotency_key=key,
        trace_id=event.trace_id,
        endpoint=origin_of(effect["url"]),
    )


def header_of(value: Any) -> Value:
    """A header's value. Logs of older versions hold any JSON value where the header was a single template."""
    parted = isinstance(value, list) and all(isinstance(part, str) or set(part) == {"env"} for part in value)
    return value if parted or isinstance(value, str) else str(value)
