"""Example deliveries, to try a webhook: a record with sample values. Pure: time is a parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from libs.shared import clock
from libs.shared.contracts.context import AppRef, Context
from libs.shared.ids import uuid7
from libs.shared.schema import FieldDefinition, Snapshot
from libs.shared.schema.comments import COMMENTS, TOLD_DEFINITION
from services.webhook.deliveries import TEST, NewDelivery
from services.webhook.matching import ACTIONS, Webhook, delivery_for
from services.webhook.payload import idempotency_key
from services.webhook.requests import RequestBuilder
from services.webhook.sending import WebhookRequest
from services.webhook.signing import Salts

MARGIN_S = 1.0
"""Seconds of the request's time that are left for the log."""
SAMPLE_ID = "00000000-0000-4000-8000-000000000000"
SAMPLES: Mapping[str, Any] = {
    "string": "example", "text": "example", "int": 1, "integer": 1, "bigint": 1, "decimal": 1.5, "float": 1.5,
    "boolean": True, "uuid": SAMPLE_ID, "json": {}, "file": None,
}  # fmt: skip


def delivery_of(app: AppRef, webhook: Webhook, snapshot: Snapshot, context: Context, now: datetime) -> NewDelivery:
    """The delivery of an example."""
    definition = webhook.definition
    commit_key = f"test/{uuid7()}"
    key = idempotency_key(app.id, webhook.id, commit_key)
    fields = _fields(snapshot, definition.entity)
    payload = {
        "event": definition.hook,
        "entity": definition.entity,
        "action": ACTIONS[definition.hook][0],
        "record": {field.name: _sample(field, now) for field in fields},
        "user": {"id": context.user.id, "roles": list(context.user.roles)},
        "timestamp": clock.iso(now),
        "idempotency_key": key,
        "test": True,
    }
    return delivery_for(webhook, commit_key, key, payload, record_id="", trace_id=context.trace_id, origin=TEST)


def request_of(
    requests: RequestBuilder,
    app: AppRef,
    webhook: Webhook,
    delivery: NewDelivery,
    salts: Salts | None,
    remaining: float,
) -> WebhookRequest:
    """The request of an example. It ends before the deadline of the caller."""
    longest = min(requests.settings.webhook_timeout, max(0.1, remaining - MARGIN_S))
    return WebhookRequest(
        delivery.method,
        delivery.url,
        delivery.headers,
        delivery.body,
        delivery.idempotency_key,
        requests.keys(app, webhook.id, salts or Salts(), clock.now()),
        min(longest, webhook.definition.timeout or longest),
    )


def _fields(snapshot: Snapshot, name: str) -> Sequence[FieldDefinition]:
    if name == COMMENTS:
        return TOLD_DEFINITION.fields
    entity = snapshot.entities.get(name)
    return entity.definition.fields if entity else ()


def _sample(field: FieldDefinition, now: datetime) -> Any:
    if field.enum:
        return field.enum[0]
    if field.type == "timestamp":
        return clock.iso(now)
    if field.type == "date":
        return now.date().isoformat()
    return SAMPLES.get(field.type)
