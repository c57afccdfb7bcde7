"""Matches commits with rules, and builds the notifications. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from libs.shared.contracts.context import AppRef
from libs.shared.contracts.streams import CommitEvent
from libs.shared.emails import same_address
from libs.shared.expressions import EvaluationError
from libs.shared.schema.comments import COMMENTS
from libs.shared.schema.notifications import NotificationRule
from libs.shared.schema.secrecy import quoted
from libs.shared.snapshots.subscriptions import SubscribedDefinition, SubscriptionIndex, SubscriptionKind, public_action
from libs.shared.telemetry.tracing import derived_span_id
from services.notify.recipients import Addressees, Receivers, addressees_of
from services.notify.templates import render, render_subject

ACTIONS = {
    "after_create": ("create",),
    "after_update": ("update",),
    "after_write": ("create", "update"),
    "after_delete": ("delete",),
}
"""The changes that a hook matches."""

Rule: TypeAlias = SubscribedDefinition[NotificationRule]
RuleIndex: TypeAlias = SubscriptionIndex[NotificationRule]

RULES = SubscriptionKind(
    name="notification-rules",
    read=NotificationRule.stored,
    entity=lambda definition: definition.entity,
    actions=lambda definition: ACTIONS[definition.hook] if definition.active else (),
    condition=lambda definition: definition.condition,
    always=frozenset({COMMENTS}),
)


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that holds for a commit, with its addressees; `error` says why they can't be determined."""

    rule: Rule
    event: CommitEvent
    environment: Mapping[str, Any]
    addressees: Addressees
    error: str | None = None

    @property
    def channel(self) -> str:
        """The channel of the notification."""
        return self.rule.definition.channel

    @property
    def asked_by(self) -> str:
        """The key of the rule, unique among the rules and actions of a commit."""
        return f"rule/{self.rule.id}"


@dataclass(frozen=True, slots=True)
class NewNotification:
    """A notification to be stored. `effect_key` is unique; one with an error is stored as failed.

    `place` is position and n of its commit.
    """

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
    place: tuple[int, int] | None = None
    quoted: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By field: the values of the record that the texts contain."""


def environment_of(app: AppRef, event: CommitEvent) -> dict[str, Any]:
    """The variables of conditions, templates and paths. For a deletion, `record` holds the former values."""
    action = public_action(event.action)
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


def match(app: AppRef, candidates: Sequence[Rule], event: CommitEvent) -> list[Match]:
    """The rules that hold for `event`, and those whose condition can't be evaluated, with the error."""
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


def match_span_id(trace_id: str, position: int, n: int) -> str:
    """The id of the span in which a commit was matched: its mails hang under it, whenever they are sent."""
    return derived_span_id("notify.match", trace_id, str(position), str(n))


def notifications_of(found: Match, receivers: Receivers) -> list[NewNotification]:
    """One notification for each receiver of a match."""
    if found.error or not receivers:
        return [_new(found, address, user_id, "", "") for address, user_id in receivers]
    template = found.rule.definition.template
    subject = render_subject(template.subject, found.environment)
    body = render(template.body, found.environment)
    return [_new(found, address, user_id, subject, body) for address, user_id in receivers]


def _new(found: Match, recipient: str, user_id: str | None, subject: str, body: str) -> NewNotification:
    rule, event = found.rule, found.event
    return NewNotification(
        channel=rule.definition.channel,
        recipient=recipient,
        subject=subject,
        body=body,
        effect_key=f"rule/{rule.id}/{event.key}/{user_id or same_address(recipient)}",
        user_id=user_id,
        entity=event.entity,
        record_id=event.record_id,
        trace_id=event.trace_id,
        metadata={"rule": rule.definition.name, "rule_id": rule.id, "action": public_action(event.action)},
        error=found.error,
        place=(event.position, event.n),
        quoted=quoted((event.before, event.after), (recipient, subject, body, found.error or "")),
    )
