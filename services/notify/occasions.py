"""What rules tell of besides changes of records: business events, and what happens to workflow instances. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from libs.shared.contracts.business_events import BusinessEventRecorded
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.signals import (
    ApprovalEscalated,
    ApprovalReminded,
    ApprovalRequested,
    InstanceCancelled,
    InstanceCompleted,
    InstanceFailed,
    InstanceSignal,
    SeatDecided,
    StepCompleted,
)
from libs.shared.contracts.streams import SignalEvent

OCCASIONS: Mapping[type[InstanceSignal], str] = {
    ApprovalRequested: "approval_requested",
    ApprovalReminded: "reminder",
    ApprovalEscalated: "escalated",
    SeatDecided: "decided",
    InstanceCompleted: "completed",
    InstanceFailed: "failed",
    InstanceCancelled: "cancelled",
}
"""What has happened to an instance, by its signal. Ended approvals are told apart by their status."""
APPROVALS = ("approved", "rejected", "timed_out")
"""Statuses of ended approvals, which are occasions."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """Something that rules tell of: `source` is `event` or `workflow`, `name` its name, `on` what has happened.

    `initiator` is the id of the user who has started the instance, or recorded the event; `actor` the person who has
    caused the occasion. `record` is the one that it is about, as it is now.
    """

    source: str
    name: str
    on: str | None
    key: str
    entity: str | None
    record_id: str | None
    trace_id: str
    cause_depth: int
    at: str
    initiator: str | None
    actor: Mapping[str, Any]
    details: Mapping[str, Any] = field(default_factory=dict)
    record: Mapping[str, Any] | None = None

    before = None

    @property
    def after(self) -> Mapping[str, Any] | None:
        """The record, of which texts may quote values."""
        return self.record

    @property
    def metadata(self) -> dict[str, Any]:
        """What the log says of it."""
        if self.source == "event":
            return {"event": self.name}
        keys = ("id", "name", "instance_id", "occasion", "step")
        return {"workflow": {key: self.details[key] for key in keys if self.details.get(key)}}

    def environment(self, app: AppRef, links: Mapping[str, str]) -> dict[str, Any]:
        """The variables of conditions, templates and paths."""
        actor = self.actor
        return {
            self.source: dict(self.details),
            "record": self.record,
            "entity": self.entity,
            "user": {"id": actor.get("id"), "email": actor.get("email"), "roles": list(actor.get("roles") or ())},
            "app": {"id": app.id, "name": app.name},
            "links": links,
        }


def occasion_of(event: SignalEvent) -> Occasion | None:
    """The occasion of a signal, if it is one."""
    if (business := BusinessEventRecorded.decode(event)) is not None:
        return _of_event(business, event)
    for kind, on in OCCASIONS.items():
        if kind.is_in(event):
            signal = kind.decode(event)
            return None if signal is None else _of_instance(signal, on, event)
    step = StepCompleted.decode(event)
    if step is not None and step.status in APPROVALS:
        return _of_instance(step, step.status, event)
    return None


def _of_event(business: BusinessEventRecorded, event: SignalEvent) -> Occasion:
    details = {
        "action": business.action,
        "entity": business.entity,
        "record_id": business.record_id,
        "metadata": business.metadata,
        "user_id": business.user_id,
    }
    actor = {"id": business.user_id, "email": business.user_email, "roles": business.user_roles}
    return Occasion(
        source="event", name=business.action, on=None, key=event.key, entity=business.entity,
        record_id=business.record_id, trace_id=event.trace_id, cause_depth=business.cause_depth, at=event.at,
        initiator=business.user_id, actor=actor, details=details,
    )  # fmt: skip


def _of_instance(signal: InstanceSignal, on: str, event: SignalEvent) -> Occasion:
    decided_by = getattr(signal, "by", None)
    details = {
        "id": signal.workflow_id,
        "name": signal.workflow_name,
        "instance_id": signal.instance_id,
        "occasion": on,
        **{key: getattr(signal, key, None) for key in ("step", "decision", "comment", "reason")},
    }
    # Nobody has caused what time brings about, and whoever waits for it is to be told.
    actor = {"id": decided_by} if decided_by else {}
    return Occasion(
        source="workflow", name=signal.workflow_name, on=on, key=event.key, entity=signal.entity or None,
        record_id=signal.record_id or None, trace_id=event.trace_id, cause_depth=signal.cause_depth, at=event.at,
        initiator=signal.user_id, actor=actor, details=details,
    )  # fmt: skip


def rules_of(occasion: Occasion, rules: Sequence[Any]) -> list[Any]:
    """The active rules that tell of an occasion."""
    return [rule for rule in rules if rule.definition.active and _tells(rule.definition, occasion)]


def _tells(rule: Any, occasion: Occasion) -> bool:
    if occasion.source == "event":
        return bool(rule.event == occasion.name)
    return rule.on == occasion.on and rule.workflow in ("*", occasion.name)
