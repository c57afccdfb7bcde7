"""Which rules a commit concerns, and the notifications it becomes. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from pydantic import ValidationError

from libs.shared.contracts.context import AppRef
from libs.shared.contracts.streams import CommitEvent
from libs.shared.expressions import EvaluationError, Expression, compile_expression
from libs.shared.schema import Snapshot
from libs.shared.schema.notifications import NotificationRule
from services.notify.recipients import Addressees, Directory, addressees_of
from services.notify.templates import render, render_subject

log = structlog.get_logger()

ACTIONS = {
    "after_create": ("create",),
    "after_update": ("update",),
    "after_write": ("create", "update"),
    "after_delete": ("delete",),
}
"""Which changes a hook is about."""

IMPORTED = "import"
"""The cause of records that came with definitions: nobody has just made them, so nobody is told."""


@dataclass(frozen=True, slots=True)
class Rule:
    """An active rule, ready to match. `condition` None: always."""

    id: str
    definition: NotificationRule
    condition: Expression | None


@dataclass(frozen=True, slots=True)
class Book:
    """The active rules of an app at one schema version, by entity and action."""

    version: int
    rules: Mapping[tuple[str, str], Sequence[Rule]]

    def wants(self, entity: str, action: str) -> bool:
        """Whether any rule is about commits of an entity with an action."""
        return (entity, outward(action)) in self.rules

    def candidates(self, event: CommitEvent) -> Sequence[Rule]:
        """The rules for this entity and action, whatever their conditions."""
        if event.cause == IMPORTED:
            return ()
        return self.rules.get((event.entity, outward(event.action)), ())


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that holds for a commit, and whom it is for; `error` says why that can't be known."""

    rule: Rule
    event: CommitEvent
    environment: Mapping[str, Any]
    addressees: Addressees
    error: str | None = None

    @property
    def channel(self) -> str:
        """Where it is to be told."""
        return self.rule.definition.channel


@dataclass(frozen=True, slots=True)
class NewNotification:
    """A notification to be stored. `effect_key` is unique for ever; one with an error is only shown."""

    channel: str
    recipient: str
    subject: str
    body: str
    effect_key: str
    user_id: str | None = None
    entity: str | None = None
    record_id: str | None = None
    trace_id: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    confidential: bool = False


def outward(action: str) -> str:
    """create, update or delete; whatever else changes a record (restore, undo) is an update."""
    return action if action in ("create", "delete") else "update"


def read_book(schema: Snapshot) -> Book:
    """The book of a snapshot's rule documents; inactive ones are left out."""
    rules: dict[tuple[str, str], list[Rule]] = {}
    for document in schema.documents.get("notification-rules", ()):
        rule = _read(document)
        if rule is not None and rule.definition.active:
            for action in ACTIONS[rule.definition.hook]:
                rules.setdefault((rule.definition.entity, action), []).append(rule)
    return Book(schema.version, rules)


def _read(document: Mapping[str, Any]) -> Rule | None:
    try:
        definition = NotificationRule.model_validate(document)
    except ValidationError as error:
        # Metadata validates with the same model; only an older Rocket can have stored this.
        log.error("rule.not_readable", rule_id=document.get("id"), problems=error.error_count())
        return None
    condition = compile_expression(definition.condition) if definition.condition.strip() else None
    return Rule(str(document["id"]), definition, condition)


def environment_of(app: AppRef, event: CommitEvent) -> dict[str, Any]:
    """What conditions, templates and paths can read. A deleted record is `record` as it was."""
    action = outward(event.action)
    actor = event.actor
    return {
        "record": event.before if action == "delete" else event.after,
        "old": None if action == "create" else event.before,
        "changes": event.changed if action == "update" else {},
        "action": action,
        "entity": event.entity,
        "user": {"id": actor.get("id"), "email": actor.get("email"), "roles": list(actor.get("roles") or ())},
        "app": {"id": app.id, "name": app.name},
    }


def match(app: AppRef, book: Book, event: CommitEvent) -> list[Match]:
    """The rules that hold for `event`, and those whose condition can't be evaluated, with the error."""
    candidates = book.candidates(event)
    if not candidates:
        return []
    environment = environment_of(app, event)
    now = datetime.fromisoformat(event.at)
    matches = []
    for rule in candidates:
        try:
            if rule.condition is None or rule.condition.test({**environment, "now": now}):
                addressees = addressees_of(rule.definition.recipients, environment)
                matches.append(Match(rule, event, environment, addressees))
        except EvaluationError as problem:
            error = f"the condition could not be evaluated: {problem}"
            matches.append(Match(rule, event, environment, Addressees(), error))
    return matches


def notifications_of(found: Match, directory: Directory) -> list[NewNotification]:
    """One notification for each recipient of a match."""
    definition = found.rule.definition
    if found.error:
        return [_new(found, "", None, "", "")]
    receivers = directory.receivers(definition.channel, found.addressees)
    if not receivers:
        return []
    subject = render_subject(definition.template.subject, found.environment)
    body = render(definition.template.body, found.environment)
    return [_new(found, address, user_id, subject, body) for address, user_id in receivers]


def _new(found: Match, recipient: str, user_id: str | None, subject: str, body: str) -> NewNotification:
    rule, event = found.rule, found.event
    return NewNotification(
        channel=rule.definition.channel,
        recipient=recipient,
        subject=subject,
        body=body,
        effect_key=f"rule/{rule.id}/{event.key}/{(user_id or recipient).lower()}",
        user_id=user_id,
        entity=event.entity,
        record_id=event.record_id,
        trace_id=event.trace_id,
        metadata={"rule": rule.definition.name, "rule_id": rule.id, "action": outward(event.action)},
        error=found.error,
    )
