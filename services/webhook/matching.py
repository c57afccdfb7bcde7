"""Which webhooks a commit concerns, and the deliveries it becomes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import structlog
from pydantic import ValidationError

from libs.shared.contracts.context import AppRef
from libs.shared.contracts.streams import CommitEvent
from libs.shared.expressions import EvaluationError, Expression, compile_expression
from libs.shared.schema import DELETED, Snapshot
from libs.shared.schema.webhooks import WebhookDefinition
from services.webhook.deliveries import COMMIT, REPLAY, NewDelivery
from services.webhook.header_templates import Headers, Value
from services.webhook.payload import body_of, idempotency_key, outward, payload_of

log = structlog.get_logger()

ACTIONS = {
    "after_write": ("create", "update"),
    "before_write": ("create", "update"),
    "after_delete": ("delete",),
    "before_delete": ("delete",),
}
"""Which changes a hook is about. The asynchronous before_* fire after the commit, too."""

IMPORTED = "import"
"""The cause of records that came with definitions: nobody has just made them, so nobody is told."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook, ready to match. `condition` None: always."""

    id: str
    definition: WebhookDefinition
    condition: Expression | None


@dataclass(frozen=True, slots=True)
class Book:
    """The webhooks of an app at one schema version: the ones that wait for commits by entity and action, all by id."""

    version: int
    webhooks: Mapping[tuple[str, str], Sequence[Webhook]]
    fields: Mapping[str, frozenset[str]]
    by_id: Mapping[str, Webhook]
    owners: frozenset[str]
    """Ids of all definitions that requests are sent for: webhooks, state machines, workflows."""
    gone: Mapping[tuple[str, str], Sequence[Webhook]] = field(default_factory=dict)
    """Those of an older version that have been deleted since: told of a commit if it was handled before that."""

    def wants(self, entity: str, action: str) -> bool:
        """Whether any webhook waits for commits of an entity with an action."""
        return (entity, outward(action)) in self.webhooks

    def candidates(self, event: CommitEvent) -> Sequence[Webhook]:
        """The webhooks for this entity and action, whatever their conditions."""
        if event.cause == IMPORTED:
            return ()
        return self.webhooks.get((event.entity, outward(event.action)), ())

    def past(self, event: CommitEvent) -> Sequence[Webhook]:
        """The deleted webhooks that were for this entity and action."""
        return () if event.cause == IMPORTED else self.gone.get((event.entity, outward(event.action)), ())

    def matches(self, webhook: Webhook, event: CommitEvent) -> bool:
        """Whether a webhook, active or not, is about such a commit, whatever its condition."""
        definition = webhook.definition
        about = definition.entity == event.entity and outward(event.action) in ACTIONS[definition.hook]
        return about and event.cause != IMPORTED

    def visible(self, event: CommitEvent) -> CommitEvent:
        """The event as the API shows the record: the log also keeps fields that are left out today."""
        fields = self.fields.get(event.entity)
        if fields is None:
            return event
        return replace(
            event,
            before=_only(fields, event.before),
            after=_only(fields, event.after),
            changed=_only(fields, event.changed) or {},
        )


def read_book(schema: Snapshot) -> Book:
    """The book of a snapshot."""
    webhooks = [found for document in schema.documents.get("webhooks", ()) if (found := _read(document))]
    fields = {
        name: frozenset(field.name for field in entity.definition.fields) | {DELETED}
        for name, entity in schema.entities.items()
    }
    kinds = ("webhooks", "state-machines", "workflows")
    owners = frozenset(str(document["id"]) for kind in kinds for document in schema.documents.get(kind, ()))
    return Book(schema.version, _waiting(webhooks), fields, {webhook.id: webhook for webhook in webhooks}, owners)


def past_book(version: int, documents: Iterable[Mapping[str, Any]], today: Book) -> Book:
    """The book of an older version, of the webhooks that there were then and still are.

    An entity that has another name today is waited for under both: names are put into commits when they
    are published, which may have been before or after.
    """
    read = [found for document in documents if (found := _read(document))]
    then = [webhook for webhook in read if webhook.id in today.by_id]
    gone = [webhook for webhook in read if webhook.id not in today.by_id]
    renamed = [
        replace(webhook, definition=webhook.definition.model_copy(update={"entity": entity}))
        for webhook in then
        if (entity := today.by_id[webhook.id].definition.entity) != webhook.definition.entity
    ]
    return replace(today, version=version, webhooks=_waiting([*then, *renamed]), gone=_waiting(gone))


def _waiting(webhooks: Iterable[Webhook]) -> dict[tuple[str, str], list[Webhook]]:
    """The active webhooks that are told after the commit, by entity and action."""
    waiting: dict[tuple[str, str], list[Webhook]] = {}
    for webhook in webhooks:
        if webhook.definition.active and webhook.definition.is_async:
            for action in ACTIONS[webhook.definition.hook]:
                waiting.setdefault((webhook.definition.entity, action), []).append(webhook)
    return waiting


def _only(fields: frozenset[str], record: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if record is None else {name: value for name, value in record.items() if name in fields}


def _read(document: Mapping[str, Any]) -> Webhook | None:
    try:
        definition = WebhookDefinition.stored(document)
    except ValidationError as error:
        # Metadata validates with the same model; only an older Rocket can have stored this.
        log.error("webhook.not_readable", webhook_id=document.get("id"), problems=error.error_count())
        return None
    condition = compile_expression(definition.condition) if definition.condition.strip() else None
    return Webhook(str(document["id"]), definition, condition)


def decide(app: AppRef, webhook: Webhook, event: CommitEvent, replay: str = "") -> NewDelivery | None:
    """The delivery that `event` becomes for `webhook`, or None if the condition does not hold.

    A `replay` (its id) makes it a delivery of its own, with another id.
    """
    definition = webhook.definition
    commit_key = f"{replay}/{event.key}" if replay else event.key
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
        origin=REPLAY if replay else COMMIT,
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
    """A delivery of a payload, whose idempotency key is `key`, to where a webhook says."""
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
        body=body_of(payload),
        max_attempts=definition.retry.max_attempts if origin in (COMMIT, REPLAY) else 1,
        backoff=definition.retry.backoff,
        idempotency_key=key,
        trace_id=trace_id,
        endpoint=webhook.id,
        error=error,
        origin=origin,
        ordered=bool(definition.ordered) and origin in (COMMIT, REPLAY),
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
    """The headers, saying that the body is JSON unless they say something else."""
    given = any(name.lower() == "content-type" for name in headers)
    return dict(headers) if given else {"Content-Type": "application/json", **headers}
