"""Matches what happens with rules, and builds the notifications. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from libs.shared.contracts.context import AppRef
from libs.shared.contracts.streams import CommitEvent
from libs.shared.emails import same_address
from libs.shared.expressions import EvaluationError
from libs.shared.liquid_templates import TemplateError
from libs.shared.schema.comments import COMMENTS
from libs.shared.schema.notification_channels import EMAIL
from libs.shared.schema.notification_templates import NotificationTemplate
from libs.shared.schema.notifications import NotificationRule, Template
from libs.shared.schema.secrecy import quoted
from libs.shared.snapshots.subscriptions import SubscribedDefinition, SubscriptionIndex, SubscriptionKind, public_action
from libs.shared.telemetry.tracing import derived_span_id
from services.notify.definitions import NotificationDefinitions
from services.notify.occasions import Occasion
from services.notify.recipients import Addressees, Receivers, addressees_of
from services.notify.rendering import RenderedNotification, render_template
from services.notify.templates import render, render_subject

ACTIONS = {
    "after_create": ("create",),
    "after_update": ("update",),
    "after_write": ("create", "update"),
    "after_delete": ("delete",),
}
"""The changes that a hook matches."""
NOBODY_FOUND = "nobody was found whom this could be told, besides the person who has caused it"

Rule: TypeAlias = SubscribedDefinition[NotificationRule]
RuleIndex: TypeAlias = SubscriptionIndex[NotificationRule]

RULES = SubscriptionKind(
    name="notification-rules",
    read=NotificationRule.stored,
    entity=lambda definition: definition.entity or "",
    actions=lambda definition: ACTIONS[definition.hook] if definition.active and definition.hook else (),
    condition=lambda definition: definition.condition,
    always=frozenset({COMMENTS}),
)


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that holds for what has happened, with its addressees; `error` says why they can't be determined."""

    rule: Rule
    event: CommitEvent | Occasion
    environment: Mapping[str, Any]
    addressees: Addressees
    definitions: NotificationDefinitions
    error: str | None = None

    @property
    def channel(self) -> str:
        """The type of the channel."""
        found = self.definitions.channels.get(self.rule.definition.channel)
        return found.type if found else EMAIL

    @property
    def asked_by(self) -> str:
        """The key of the rule, unique among the rules and actions of a commit."""
        return f"rule/{self.rule.id}"

    @property
    def left_out(self) -> Mapping[str, Any]:
        """The person who has caused what is told, unless the rule tells them."""
        return {} if self.rule.definition.tell_actor else self.environment["user"]

    @property
    def template(self) -> Template | NotificationTemplate | None:
        """Its text; None if the template does not exist."""
        template = self.rule.definition.template
        return self.definitions.templates.get(template) if isinstance(template, str) else template


@dataclass(frozen=True, slots=True)
class NewNotification:
    """A notification to be stored. `effect_key` is unique; one with an error is stored as failed.

    One with a `reason` is not sent: it is stored as skipped. `place` is position and n of its commit. `hold` is a key
    of those that go out together, at `due_at`.
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
    type: str = ""
    """The type of the channel; "" is its name."""
    channel_id: str = ""
    html: str = ""
    reason: str | None = None
    hold: str | None = None
    due_at: datetime | None = None
    origin: str = "mail"
    """What has brought it about: mail, rule, transition, workflow, mention, digest, test."""
    mandatory: bool = False
    """Whether it goes out whatever the person prefers: approvals, and what other services send."""

    @property
    def channel_type(self) -> str:
        """The type of its channel."""
        return self.type or self.channel


def environment_of(app: AppRef, event: CommitEvent, links: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The variables of conditions, templates and paths. For a deletion, `record` holds the former values."""
    action = public_action(event.action)
    actor = event.actor
    record = event.before if action == "delete" else event.after
    return {
        "record": record,
        "old": None if action == "create" else event.before,
        "changes": event.changed if action == "update" else {},
        "action": action,
        "entity": event.entity,
        "user": {"id": actor.get("id"), "email": actor.get("email"), "roles": list(actor.get("roles") or ())},
        "app": {"id": app.id, "name": app.name},
        **({"comment": record} if event.entity == COMMENTS else {}),
        "links": links or {},
    }


def match(
    app: AppRef,
    candidates: Sequence[Rule],
    event: CommitEvent,
    definitions: NotificationDefinitions,
    links: Mapping[str, str] | None = None,
) -> list[Match]:
    """The rules that hold for `event`, and those whose condition can't be evaluated, with the error."""
    if not candidates:
        return []
    environment = environment_of(app, event, links)
    now = datetime.fromisoformat(event.at)
    mentions = (event.after or {}).get("mentions") if event.entity == COMMENTS else None
    people = {"initiator": event.actor.get("id"), "mentioned": [each["id"] for each in mentions or ()]}
    return matches_of(candidates, event, environment, definitions, people, now)


def matches_of(
    candidates: Sequence[Rule],
    event: CommitEvent | Occasion,
    environment: Mapping[str, Any],
    definitions: NotificationDefinitions,
    people: Mapping[str, Any],
    now: datetime,
) -> list[Match]:
    """The rules whose condition holds, with their recipients."""
    matches = []
    for rule in candidates:
        try:
            if rule.condition is None or rule.condition.test({**environment, "now": now}):
                addressees = addressees_of(rule.definition.recipients, environment, people)
                if not rule.definition.tell_actor:
                    actor = environment["user"]
                    addressees = addressees.without(actor.get("id"), actor.get("email"))
                matches.append(Match(rule, event, environment, addressees, definitions))
        except EvaluationError as problem:
            error = f"the condition could not be evaluated: {problem}"
            matches.append(Match(rule, event, environment, Addressees(), definitions, error))
    return matches


def match_span_id(trace_id: str, position: int, n: int) -> str:
    """The id of the span in which a commit was matched: what it leads to hangs under it, whenever that is sent."""
    return derived_span_id("notify.match", trace_id, str(position), str(n))


def notifications_of(
    found: Match, receivers: Receivers, locales: Mapping[str, str] | None = None
) -> list[NewNotification]:
    """One notification for each receiver of a match; `locales` are those of users. A skipped one if there is nobody."""
    nothing = RenderedNotification("", "")
    if found.error or not receivers:
        return [_new(found, address, user_id, nothing, found.error) for address, user_id in receivers]
    rendered: dict[str | None, RenderedNotification | str] = {}
    notifications = []
    for address, user_id in receivers:
        locale = (locales or {}).get(user_id or "")
        if locale not in rendered:
            rendered[locale] = _rendered(found, locale)
        words = rendered[locale]
        problem = words if isinstance(words, str) else None
        told = words if isinstance(words, RenderedNotification) else nothing
        notifications.append(_new(found, address, user_id, told, problem))
    return notifications


def _rendered(found: Match, locale: str | None) -> RenderedNotification | str:
    """The texts, or why there are none."""
    template = found.template
    if isinstance(template, Template):
        subject = render_subject(template.subject, found.environment)
        return RenderedNotification(subject, render(template.body, found.environment))
    if template is None:
        return f"there is no notification template {found.rule.definition.template}"
    try:
        return render_template(template, found.environment, locale)
    except TemplateError as problem:
        return f"the template {template.name} could not be filled: {problem}"


def _new(
    found: Match, recipient: str, user_id: str | None, words: RenderedNotification, error: str | None
) -> NewNotification:
    rule, event = found.rule, found.event
    channel = found.definitions.channels.get(rule.definition.channel)
    texts = (recipient, words.subject, words.text, error or "")
    template = {"template": found.template.name} if isinstance(found.template, NotificationTemplate) else {}
    if isinstance(event, CommitEvent):
        about: dict[str, Any] = {"action": public_action(event.action)}
        place: tuple[int, int] | None = (event.position, event.n)
    else:
        about, place = dict(event.metadata), None
    return NewNotification(
        channel=channel.name if channel else rule.definition.channel,
        recipient=recipient,
        subject=words.subject,
        body=words.text,
        effect_key=f"rule/{rule.id}/{event.key}/{user_id or same_address(recipient)}",
        user_id=user_id,
        entity=event.entity,
        record_id=event.record_id,
        trace_id=event.trace_id,
        metadata={"rule": rule.definition.name, "rule_id": rule.id, **about, **template},
        error=error if error or channel else f"there is no channel {rule.definition.channel}",
        place=place,
        quoted=quoted((event.before, event.after), texts),
        type=channel.type if channel else EMAIL,
        channel_id=channel.id if channel else "",
        html=words.html,
        reason=None if recipient or error else NOBODY_FOUND,
        origin="rule",
    )
