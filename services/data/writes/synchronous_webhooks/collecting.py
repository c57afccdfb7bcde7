"""Collects the requests to synchronous webhooks while a write is rehearsed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from libs.shared import exact
from libs.shared.contracts.webhooks import MAX_SYNCHRONOUS_WEBHOOKS
from libs.shared.errors import RocketError
from libs.shared.expressions import EvaluationError
from services.data.model import EntityModel
from services.data.model.synchronous_webhooks import SynchronousWebhook
from services.data.rules.forms import Record, serialize_record
from services.data.writes.context.consent import ConsentRequest, WebhookConsent
from services.data.writes.context.drafts import Draft
from services.data.writes.context.write_context import WriteContext
from services.data.writes.statements.changes import Action


def may_be_asked(write: WriteContext, entity: EntityModel, action: Action, bodies: Sequence[Any] = ()) -> bool:
    """Whether a write can concern webhooks: those of its entity, of totals' parents, or of nested rows' entities."""
    webhooks = write.model.synchronous_webhooks
    if (entity.name, action.value) in webhooks:
        return True
    totals = write.model.totals.by_number.get(entity.number, ())
    if any((total.parent, Action.UPDATE.value) in webhooks for total in totals):
        return True
    return any(
        name not in entity.fields and entity.children(name) is not None
        for body in bodies
        if isinstance(body, dict)
        for name in body
    )


def collect_writes(write: WriteContext, entity: EntityModel, action: Action, drafts: Sequence[Draft]) -> None:
    """Collect the requests about records that are created or changed, with what is said of their nested rows."""
    if write.consent is None:
        return
    webhooks = write.model.synchronous_webhooks.get((entity.name, action.value), ())
    for draft in drafts if webhooks else ():
        old = draft.stored.record if draft.stored else {}
        nested = {
            link.relation.name: {"_write_mode": nested.mode, "data": list(nested.rows)} for link, nested in draft.nested
        }
        record = {**old, **serialize_record(entity.fields, draft.values), **nested}
        _collect(write, write.consent, entity, action, webhooks, draft, record)


def collect_deletions(write: WriteContext, entity: EntityModel, drafts: Sequence[Draft]) -> None:
    """Collect the requests about records that are deleted."""
    if write.consent is None:
        return
    webhooks = write.model.synchronous_webhooks.get((entity.name, Action.DELETE.value), ())
    for draft in drafts if webhooks else ():
        if draft.stored is not None:
            _collect(write, write.consent, entity, Action.DELETE, webhooks, draft, draft.stored.record)


def _collect(
    write: WriteContext,
    consent: WebhookConsent,
    entity: EntityModel,
    action: Action,
    webhooks: Sequence[SynchronousWebhook],
    draft: Draft,
    record: Record,
) -> None:
    old = draft.stored.record if draft.stored else None
    for webhook in webhooks:
        document = {
            "webhook_id": webhook.id,
            "entity": entity.name,
            "record_id": _record_id(entity, draft, record),
            "action": action.value,
            "record": record,
            **({"old": old} if action is not Action.CREATE else {}),
            **({"changes": _changes(old or {}, record, draft)} if action is Action.UPDATE else {}),
        }
        if _matches(write, consent, webhook, draft, document):
            if len(consent.requests) >= MAX_SYNCHRONOUS_WEBHOOKS:
                message = f"More than {MAX_SYNCHRONOUS_WEBHOOKS} synchronous webhooks: write fewer rows at once"
                raise RocketError("VALIDATION_FAILED", message)
            version = draft.stored.version if draft.stored else 0
            identity = exact.dumps([webhook.id, version, document])
            consent.requests.append(ConsentRequest(webhook, draft, document, identity))


def _record_id(entity: EntityModel, draft: Draft, record: Record) -> str:
    """The record's key; empty where the database will number it."""
    if draft.stored is not None:
        return entity.key.text(draft.stored.key)
    return ",".join(str(record[name]) for name in entity.key.names if record.get(name) is not None)


def _changes(old: Record, record: Record, draft: Draft) -> dict[str, dict[str, Any]]:
    return {
        name: {"old": old.get(name), "new": record[name]}
        for name in draft.values
        if name in record and record[name] != old.get(name)
    }


def _matches(
    write: WriteContext, consent: WebhookConsent, webhook: SynchronousWebhook, draft: Draft, document: Mapping[str, Any]
) -> bool:
    """Whether the webhook's condition holds. Raises VALIDATION_FAILED where it can't be evaluated."""
    if webhook.condition is None:
        return True
    environment = {
        "record": document["record"],
        "old": document.get("old"),
        "changes": document.get("changes", {}),
        "action": document["action"],
        "entity": document["entity"],
        "event": webhook.hook,
        "user": {"id": write.context.user.id, "roles": list(write.context.user.roles)},
        "now": consent.now,
    }
    try:
        return webhook.condition.test(environment)
    except EvaluationError as problem:
        if webhook.optional:
            return False
        message = f"The condition of a {webhook.hook} webhook can't be evaluated: {problem.message}"
        detail = {"rule": "webhook", "message": message}
        raise draft.refuse(RocketError("VALIDATION_FAILED", message, [detail])) from None
