"""Matches commits with webhooks, and builds the deliveries. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeAlias

from libs.shared.contracts.context import AppRef
from libs.shared.contracts.streams import CommitEvent
from libs.shared.expressions import EvaluationError
from libs.shared.schema import DELETED
from libs.shared.schema.webhooks import WebhookDefinition
from libs.shared.snapshots.subscriptions import (
    IMPORT,
    SubscribedDefinition,
    SubscriptionIndex,
    SubscriptionKind,
    public_action,
)
from services.webhook.deliveries import COMMIT, REDELIVERY, NewDelivery
from services.webhook.header_templates import Headers, Value
from services.webhook.payload import body_of, idempotency_key, narrowed, payload_of

ACTIONS = {
    "after_write": ("create", "update"),
    "before_write": ("create", "update"),
    "after_delete": ("delete",),
    "before_delete": ("delete",),
}
"""The changes that a hook matches. The asynchronous before_* fire after the commit, too."""

Webhook: TypeAlias = SubscribedDefinition[WebhookDefinition]
WebhookIndex: TypeAlias = SubscriptionIndex[WebhookDefinition]

WEBHOOKS = SubscriptionKind(
    name="webhooks",
    read=WebhookDefinition.stored,
    entity=lambda definition: definition.entity,
    actions=lambda definition: ACTIONS[definition.hook] if definition.active and definition.is_async else (),
    condition=lambda definition: definition.condition,
)


def is_about(webhook: Webhook, event: CommitEvent) -> bool:
    """Whether a webhook, active or not, matches such a commit, apart from its condition."""
    definition = webhook.definition
    about = definition.entity == event.entity and public_action(event.action) in ACTIONS[definition.hook]
    return about and event.cause != IMPORT


def public_fields(index: WebhookIndex, entity: str) -> frozenset[str] | None:
    """The fields of an entity that its endpoints get; None if there is no such entity."""
    fields = index.fields.get(entity)
    return None if fields is None else fields | {DELETED}


def public_event(index: WebhookIndex, event: CommitEvent) -> CommitEvent:
    """The event with the fields that the API shows; the log also keeps deleted fields."""
    fields = public_fields(index, event.entity)
    if fields is None:
        return event
    return replace(
        event,
        before=_only(fields, event.before),
        after=_only(fields, event.after),
        changed=_only(fields, event.changed) or {},
    )


def _only(fields: frozenset[str], record: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if record is None else {name: value for name, value in record.items() if name in fields}


def decide(app: AppRef, webhook: Webhook, event: CommitEvent, redelivery: str = "") -> NewDelivery | None:
    """The delivery that `event` becomes for `webhook`, or None if the condition does not hold.

    A `redelivery` (its id) makes it a separate delivery with another id.
    """
    definition = webhook.definition
    commit_key = f"{redelivery}/{event.key}" if redelivery else event.key
    key = idempotency_key(app.id, webhook.id, commit_key)
    payload = payload_of(event, definition.hook, key)
    error: str | None = None
    try:
        if webhook.condition and not webhook.condition.test(environment_of(event, payload)):
            return None
    except EvaluationError as problem:
        error = f"the condition could not be evaluated: {problem}"
    return delivery_for(
        webhook,
        commit_key,
        key,
        payload,
        record_id=event.record_id,
        trace_id=event.trace_id,
        error=error,
        origin=REDELIVERY if redelivery else COMMIT,
    )


def delivery_for(
    webhook: Webhook,
    commit_key: str,
    key: str,
    payload: Mapping[str, Any],
    *,
    record_id: str,
    trace_id: str,
    origin: str,
    error: str | None = None,
) -> NewDelivery:
    """A delivery of a payload to a webhook, with the idempotency key `key`."""
    definition = webhook.definition
    return NewDelivery(
        webhook_id=webhook.id,
        commit_key=commit_key,
        entity=payload["entity"],
        record_id=record_id,
        hook=definition.hook,
        url=definition.url,
        method=definition.method,
        headers=with_content_type(definition.headers),
        body=body_of(narrowed(payload, definition.fields)),
        max_attempts=definition.retry.max_attempts if origin in (COMMIT, REDELIVERY) else 1,
        backoff=definition.retry.backoff,
        idempotency_key=key,
        trace_id=trace_id,
        endpoint=webhook.id,
        error=error,
        origin=origin,
        ordered=bool(definition.ordered) and origin in (COMMIT, REDELIVERY),
    )


def environment_of(event: CommitEvent, payload: Mapping[str, Any]) -> dict[str, Any]:
    """What a condition can read; `old` is nil and `changes` empty where there are none."""
    names = ("record", "action", "entity", "event", "user")
    return {
        **{name: payload[name] for name in names},
        "old": payload.get("old"),
        "changes": payload.get("changes", {}),
        "now": datetime.fromisoformat(event.at),
    }


def with_content_type(headers: Headers) -> dict[str, Value]:
    """The headers, with the content type JSON unless they set another."""
    given = any(name.lower() == "content-type" for name in headers)
    return dict(headers) if given else {"Content-Type": "application/json", **headers}
