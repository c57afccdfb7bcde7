"""Which rules a commit concerns, and the notifications it becomes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import structlog
from pydantic import ValidationError

from libs.shared.contracts.context import AppRef
from libs.shared.contracts.streams import CommitEvent
from libs.shared.emails import same_address
from libs.shared.expressions import EvaluationError, Expression, compile_expression
from libs.shared.schema import Snapshot
from libs.shared.schema.notifications import NotificationRule
from libs.shared.schema.secrecy import quoted
from services.notify.recipients import Addressees, Receivers, addressees_of
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


Rules = Mapping[tuple[str, str], Sequence[Rule]]


@dataclass(frozen=True, slots=True)
class Book:
    """The rules of an app at one schema version: the active ones by entity and action."""

    version: int
    rules: Rules
    fields: Mapping[str, frozenset[str]]
    entities: Mapping[str, str]
    """The id of each rule, active or not, and the entity that it is about."""
    gone: Rules = field(default_factory=dict)
    """Those of an older version that have been deleted since: asked about a commit if it was handled before that."""

    def wants(self, entity: str, action: str) -> bool:
        """Whether any rule is about commits of an entity with an action."""
        return (entity, outward(action)) in self.rules

    def candidates(self, event: CommitEvent) -> Sequence[Rule]:
        """The rules for this entity and action, whatever their conditions."""
        return _about(self.rules, event)

    def past(self, event: CommitEvent) -> Sequence[Rule]:
        """The deleted rules that were for this entity and action."""
        return _about(self.gone, event)


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

    @property
    def asked_by(self) -> str:
        """What asks for it, unique among all that do for this commit."""
        return f"rule/{self.rule.id}"


@dataclass(frozen=True, slots=True)
class NewNotification:
    """A notification to be stored. `effect_key` is unique for ever; one with an error is only shown.

    `place` is position and n of the commit that it tells of.
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
    """By field: the values of the record that stand in the texts."""


def outward(action: str) -> str:
    """create, update or delete; whatever else changes a record (restore, undo) is an update."""
    return action if action in ("create", "delete") else "update"


def read_book(schema: Snapshot) -> Book:
    """The book of a snapshot."""
    every = _read(schema.documents.get("notification-rules", ()))
    fields = {
        name: frozenset(field.name for field in entity.definition.fields) for name, entity in schema.entities.items()
    }
    return Book(schema.version, _waiting(every), fields, {rule.id: rule.definition.entity for rule in every})


def past_book(version: int, documents: Iterable[Mapping[str, Any]], today: Book) -> Book:
    """The book of an older version, of the rules that there were then and still are.

    An entity that has another name today is waited for under both: names are put into commits when they
    are published, which may have been before or after.
    """
    every = _read(documents)
    then = [rule for rule in every if rule.id in today.entities]
    gone = [rule for rule in every if rule.id not in today.entities]
    renamed = [
        replace(rule, definition=rule.definition.model_copy(update={"entity": entity}))
        for rule in then
        if (entity := today.entities[rule.id]) != rule.definition.entity
    ]
    return replace(today, version=version, rules=_waiting([*then, *renamed]), gone=_waiting(gone))


def _about(rules: Rules, event: CommitEvent) -> Sequence[Rule]:
    return () if event.cause == IMPORTED else rules.get((event.entity, outward(event.action)), ())


def _waiting(every: Iterable[Rule]) -> dict[tuple[str, str], list[Rule]]:
    """The active rules by entity and action."""
    waiting: dict[tuple[str, str], list[Rule]] = {}
    for rule in every:
        if rule.definition.active:
            for action in ACTIONS[rule.definition.hook]:
                waiting.setdefault((rule.definition.entity, action), []).append(rule)
    return waiting


def _read(documents: Iterable[Mapping[str, Any]]) -> list[Rule]:
    found = []
    for document in documents:
        try:
            definition = NotificationRule.stored(document)
        except ValidationError as error:
            # Metadata validates with the same model; only an older Rocket can have stored this.
            log.error("rule.not_readable", rule_id=document.get("id"), problems=error.error_count())
            continue
        condition = compile_expression(definition.condition) if definition.condition.strip() else None
        found.append(Rule(str(document["id"]), definition, condition))
    return found


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


def match(app: AppRef, candidates: Sequence[Rule], event: CommitEvent) -> list[Match]:
    """Those of the rules that hold for `event`, and those whose condition can't be evaluated, with the error."""
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
        metadata={"rule": rule.definition.name, "rule_id": rule.id, "action": outward(event.action)},
        error=found.error,
        place=(event.position, event.n),
        quoted=quoted((event.before, event.after), (recipient, subject, body, found.error or "")),
    )
