"""The signals that are emitted for entries of a history. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from libs.shared.contracts.business_events import EventSent
from libs.shared.contracts.signals import (
    ApprovalEscalated,
    ApprovalReminded,
    ApprovalRequested,
    InstanceCancelled,
    InstanceCompleted,
    InstanceFailed,
    InstanceSignal,
    InstanceStarted,
    SeatDecided,
    SeatReassigned,
    StepCompleted,
    WebhookRequested,
)
from services.workflow.history.instances import StoredInstance
from services.workflow.machine import entries as kinds
from services.workflow.machine.entries import HistoryEntry
from services.workflow.machine.state import InstanceState

Told = Iterator[tuple[type[InstanceSignal], dict[str, Any]]]
"""Classes of signals, with the fields that only they have."""


def signals_of(
    instance: StoredInstance, state: InstanceState, entries: Sequence[HistoryEntry]
) -> Iterator[InstanceSignal]:
    """The signals of new entries, each with the instance, its record and the person it acts for."""
    person = state.person or instance.origin.actor
    about: dict[str, Any] = {
        "trace_id": instance.advanced(state).trace[0],
        "instance_id": instance.id,
        "workflow_id": instance.workflow_id,
        "workflow_name": instance.workflow_name,
        "entity": instance.origin.entity or "",
        "record_id": instance.origin.record_id or "",
        "user_id": person.get("id"),
        "user_email": person.get("email"),
        "cause_depth": instance.origin.cause_depth,
    }
    for entry in entries:
        for kind, own in TELLERS.get(entry.kind, _nothing)(entry, instance):
            yield kind(**about, **own)


def _nothing(entry: HistoryEntry, instance: StoredInstance) -> Told:
    yield from ()


def _started(entry: HistoryEntry, instance: StoredInstance) -> Told:
    yield InstanceStarted, {}


def _left(entry: HistoryEntry, instance: StoredInstance) -> Told:
    said = {name: entry.data.get(name) for name in ("by", "comment", "on_behalf_of")}
    yield StepCompleted, {"step": entry.step, "status": entry.data["status"], **said}


def _failed(entry: HistoryEntry, instance: StoredInstance) -> Told:
    if entry.data["fatal"]:
        yield InstanceFailed, {"step": entry.step, "reason": entry.data["reason"]}
    else:
        yield StepCompleted, {"step": entry.step, "status": "failed"}


def _ended(entry: HistoryEntry, instance: StoredInstance) -> Told:
    if entry.data["status"] == "completed":
        yield InstanceCompleted, {}
    else:
        said = {name: entry.data.get(name) for name in ("by", "reason")}
        yield InstanceCancelled, {"step": entry.step, **said}


def _seated(entry: HistoryEntry, instance: StoredInstance) -> Told:
    seats = entry.data["seats"]
    roles = sorted({role for seat in seats for role in seat["roles"]})
    users = sorted({user["id"] for seat in seats for user in seat["users"]})
    yield ApprovalRequested, {
        "step": entry.step, "role": roles[0] if len(roles) == 1 and not users else None,
        "deadline": entry.data["deadline"], "roles": roles, "users": users,
    }  # fmt: skip


def _decided(entry: HistoryEntry, instance: StoredInstance) -> Told:
    names = ("seat_id", "decision", "by", "on_behalf_of", "comment", "override")
    said = {name: entry.data.get(name) for name in names}
    yield SeatDecided, {"step": entry.step, "seat": said.pop("seat_id"), **said}


def _reminded(entry: HistoryEntry, instance: StoredInstance) -> Told:
    yield ApprovalReminded, {"step": entry.step}


def _escalated(entry: HistoryEntry, instance: StoredInstance) -> Told:
    users = [user["id"] for user in entry.data["users"]]
    yield ApprovalEscalated, {"step": entry.step, "roles": entry.data["roles"], "users": users}


def _reassigned(entry: HistoryEntry, instance: StoredInstance) -> Told:
    users = [user["id"] for user in entry.data["users"]]
    yield SeatReassigned, {
        "step": entry.step, "seat": entry.data["seat_id"], "roles": entry.data["roles"], "users": users,
        "by": entry.data["by"],
    }  # fmt: skip


def _requested(entry: HistoryEntry, instance: StoredInstance) -> Told:
    """An action that another service carries out when it consumes the signal, once per effect key."""
    command, key = entry.data["command"], entry.data["key"]
    match command["type"]:
        case "webhook":
            request = {name: command[name] for name in ("url", "method", "body")}
            more = {"headers": command["headers"]} if command.get("headers") else {}
            awaited = {"awaited": command["accept"]} if command.get("wait") else {}
            yield WebhookRequested, {**request, **more, **awaited, "effect_key": key}
        case "send_event":
            yield EventSent, {"event": command["event"], "payload": command["payload"], "effect_key": key}


TELLERS: Mapping[str, Callable[[HistoryEntry, StoredInstance], Told]] = {
    kinds.STARTED: _started,
    kinds.LEFT: _left,
    kinds.FAILED: _failed,
    kinds.ENDED: _ended,
    kinds.SEATED: _seated,
    kinds.DECIDED: _decided,
    kinds.REMINDED: _reminded,
    kinds.ESCALATED: _escalated,
    kinds.REASSIGNED: _reassigned,
    kinds.REQUESTED: _requested,
    kinds.ASKED: _requested,
}
"""Kind of entry → the signals that it leads to."""
