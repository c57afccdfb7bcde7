"""The notifications of an instance: those of its steps, and those to approvers and initiators. Pure.

Texts that Rocket writes itself hold no values of the record, because not every recipient may read it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from libs.shared.contracts.workflow_notifications import NotificationRequested, Occasion
from libs.shared.schema.secrecy import quoted
from libs.shared.schema.workflows import ApprovalStep, ManualTrigger
from services.workflow.history.instances import StoredInstance
from services.workflow.machine import entries as kinds
from services.workflow.machine.approving import barred_by
from services.workflow.machine.entries import HistoryEntry
from services.workflow.machine.state import InstanceState

CHANNELS = ("in_app", "email")
"""The channels of notifications that no step defines."""
ACTION = "send_notification"
ADMIN = "admin"
Notice = tuple[Occasion, str, str, Sequence[Mapping[str, str]], Sequence[str]]
"""The occasion, subject and body, recipients, and users who are left out."""
Recipients = list[Mapping[str, str]]


def notifications_of(
    instance: StoredInstance, state: InstanceState, entries: Sequence[HistoryEntry]
) -> Iterator[NotificationRequested]:
    """The notifications of what has happened. `state` is that after the entries."""
    tells = instance.plan.definition.notify and _concerns_people(instance)
    first = state.seq - len(entries) + 1
    for number, entry in enumerate(entries, first):
        command = entry.data.get("command") or {}
        if entry.kind in (kinds.REQUESTED, kinds.ASKED) and command.get("type") == ACTION:
            yield _of_action(instance, state, entry, command)
        elif tells and (notice := TELLERS.get(entry.kind, _nothing)(instance, state, entry)) is not None:
            yield _of_notice(instance, state, entry, notice, f"{instance.id}/told/{number}")


def _concerns_people(instance: StoredInstance) -> bool:
    """Whether people start the workflow or decide in it. Only such workflows notify approvers and initiators."""
    definition = instance.plan.definition
    decides = any(isinstance(step, ApprovalStep) for step in instance.plan.steps.values())
    return decides or isinstance(definition.trigger, ManualTrigger)


def _about(instance: StoredInstance, state: InstanceState) -> dict[str, Any]:
    person, origin = state.person or instance.origin.actor, instance.origin
    return {
        "trace_id": instance.advanced(state).trace[0],
        "instance_id": instance.id,
        "workflow_id": instance.workflow_id,
        "workflow_name": instance.workflow_name,
        "entity": origin.entity or "",
        "record_id": origin.record_id or "",
        "user_id": person.get("id"),
        "user_email": person.get("email"),
        "cause_depth": origin.cause_depth,
    }


def _of_action(
    instance: StoredInstance, state: InstanceState, entry: HistoryEntry, command: Mapping[str, Any]
) -> NotificationRequested:
    template = command["template"]
    text = dict(template) if isinstance(template, Mapping) else {"subject": "", "body": template}
    images = [state.trigger.get(name) for name in ("record", "old")]
    return NotificationRequested(
        **_about(instance, state),
        about="action",
        step=entry.step,
        channels=[command["channel"]],
        text=text,
        recipients=[each for to in command["to"] for each in _named(to)],
        effect_key=entry.data["key"],
        quoted=quoted((each for each in images if isinstance(each, Mapping)), [str(each) for each in text.values()]),
    )


def _named(to: Mapping[str, Any]) -> Recipients:
    """The recipients of an entry of `to`. A path may have led to one person or to several."""
    if "people" in to:
        people = to["people"] if isinstance(to["people"], list) else [to["people"]]
        return [{"user": str(each)} for each in people if isinstance(each, str | int) and each]
    return [{kind: str(value)} for kind, value in to.items() if value]


def _of_notice(
    instance: StoredInstance, state: InstanceState, entry: HistoryEntry, notice: Notice, key: str
) -> NotificationRequested:
    occasion, subject, body, recipients, left_out = notice
    return NotificationRequested(
        **_about(instance, state),
        about=occasion,
        step=entry.step,
        channels=CHANNELS,
        text={"subject": f"{instance.workflow_name}: {subject}", "body": body},
        recipients=recipients,
        effect_key=key,
        except_users=sorted(each for each in left_out if each),
    )


def _nothing(instance: StoredInstance, state: InstanceState, entry: HistoryEntry) -> Notice | None:
    return None


def _seated(instance: StoredInstance, state: InstanceState, entry: HistoryEntry) -> Notice | None:
    step = instance.plan.steps.get(str(entry.step))
    holders = _holders(entry.data["seats"], isinstance(step, ApprovalStep) and step.approvers is not None)
    return _asked(instance, state, entry, "approval_requested", "a decision is awaited", holders)


def _reassigned(instance: StoredInstance, state: InstanceState, entry: HistoryEntry) -> Notice | None:
    holders = _holders([entry.data])
    return _asked(instance, state, entry, "approval_requested", "a decision was handed on to you", holders)


def _escalated(instance: StoredInstance, state: InstanceState, entry: HistoryEntry) -> Notice | None:
    holders = _holders([entry.data])
    return _asked(instance, state, entry, "escalated", "a decision is overdue", holders)


def _reminded(instance: StoredInstance, state: InstanceState, entry: HistoryEntry) -> Notice | None:
    frame = state.frames.get(entry.scope)
    still = [seat for seat in frame.data.get("seats", ()) if seat["decision"] is None] if frame else []
    return _asked(instance, state, entry, "reminder", "a decision is still awaited", _holders(still))


def _asked(
    instance: StoredInstance, state: InstanceState, entry: HistoryEntry, about: Occasion, what: str, to: Recipients
) -> Notice | None:
    """A notice to those who may decide a step, without those whom its `separation` excludes."""
    step = instance.plan.steps.get(str(entry.step))
    if not to or not isinstance(step, ApprovalStep):
        return None
    frame = state.frames.get(entry.scope)
    deadline = frame.data.get("deadline") if frame else None
    until = f" It has to be made by {deadline}." if deadline else ""
    body = f"The step {entry.step} of {instance.workflow_name} awaits a decision{_record(instance)}.{until}"
    return about, what, body, to, sorted(barred_by(state, step))


def _holders(seats: Iterable[Mapping[str, Any]], with_admins: bool = False) -> Recipients:
    """The roles and users that may fill these seats; with `with_admins` also admins, where nobody else can.

    Seats that everybody may fill have no recipients.
    """
    roles: set[str] = set()
    users: set[str] = set()
    for seat in seats:
        users |= {user["id"] for user in seat["users"]}
        # A seat for users while they have a role is not open to others with that role.
        roles |= set() if seat.get("both") else set(seat["roles"])
        if with_admins and seat.get("admins"):
            roles.add(ADMIN)
    return [*({"role": role} for role in sorted(roles)), *({"user": user} for user in sorted(users))]


def _left(instance: StoredInstance, state: InstanceState, entry: HistoryEntry) -> Notice | None:
    if not isinstance(instance.plan.steps.get(str(entry.step)), ApprovalStep):
        return None
    outcomes: Mapping[str, tuple[Occasion, str]] = {
        "approved": ("approved", "approved"), "rejected": ("rejected", "rejected"),
        "timed_out": ("timed_out", "not decided in time"),
    }  # fmt: skip
    known = outcomes.get(str(entry.data.get("status")))
    if known is None:
        return None
    decider = state.decider or {}
    by = f" by {decider['email']}" if known[0] != "timed_out" and decider.get("email") else ""
    body = f"The step {entry.step} of {instance.workflow_name} was {known[1]}{by}{_record(instance)}."
    return _to_initiator(state, known[0], known[1], body, decider.get("id") if by else None)


def _failed(instance: StoredInstance, state: InstanceState, entry: HistoryEntry) -> Notice | None:
    if not entry.data.get("fatal") or instance.origin.parent_id:
        return None
    body = f"{instance.workflow_name} has failed at the step {entry.step}{_record(instance)}."
    return _to_initiator(state, "failed", "failed", body)


def _ended(instance: StoredInstance, state: InstanceState, entry: HistoryEntry) -> Notice | None:
    status = entry.data.get("status")
    if instance.origin.parent_id or status not in ("completed", "cancelled"):
        return None
    occasion: Occasion = "completed" if status == "completed" else "cancelled"
    body = f"{instance.workflow_name} has been {occasion}{_record(instance)}."
    return _to_initiator(state, occasion, occasion, body, entry.data.get("by"))


def _to_initiator(state: InstanceState, about: Occasion, what: str, body: str, by: str | None = None) -> Notice | None:
    """A notice to the initiator, unless the initiator caused it."""
    initiator = state.initiator.get("id")
    if not initiator or initiator == by:
        return None
    return about, what, body, [{"user": str(initiator)}], []


def _record(instance: StoredInstance) -> str:
    origin = instance.origin
    return f", about {origin.entity} {origin.record_id}" if origin.entity and origin.record_id else ""


TELLERS: Mapping[str, Callable[[StoredInstance, InstanceState, HistoryEntry], Notice | None]] = {
    kinds.SEATED: _seated,
    kinds.REASSIGNED: _reassigned,
    kinds.ESCALATED: _escalated,
    kinds.REMINDED: _reminded,
    kinds.LEFT: _left,
    kinds.FAILED: _failed,
    kinds.ENDED: _ended,
}
"""Kind of entry → the notice that it leads to."""
