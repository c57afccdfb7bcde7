"""The payload of a delivery. Pure: the same commit always gives the same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from libs.shared import exact
from libs.shared.contracts.streams import CommitEvent
from libs.shared.snapshots.subscriptions import public_action

RECORDS = ("record", "old", "changes")
"""The parts of a payload that hold values by the names of fields."""


def idempotency_key(app_id: str, webhook_id: str, commit_key: str) -> str:
    """The key of a delivery: the same for every attempt, and for no other delivery."""
    return "wh_" + hashlib.sha256(f"{app_id}/{webhook_id}/{commit_key}".encode()).hexdigest()[:40]


def payload_of(event: CommitEvent, hook: str, key: str) -> dict[str, Any]:
    """The payload as a document. Of a deleted record it has the former values; only updates have `changes`."""
    action = public_action(event.action)
    payload: dict[str, Any] = {
        "event": hook,
        "entity": event.entity,
        "action": action,
        "record": event.before if action == "delete" else event.after,
    }
    if action != "create":
        payload["old"] = event.before
    if action == "update":
        payload["changes"] = event.changed
    payload["user"] = {"id": event.actor.get("id"), "roles": list(event.actor.get("roles") or ())}
    payload["timestamp"] = event.at
    payload["idempotency_key"] = key
    return payload


def narrowed(payload: Mapping[str, Any], fields: Sequence[str] | None) -> Mapping[str, Any]:
    """The payload with no other than these fields in its records; as it is for None."""
    if fields is None:
        return payload
    parts = {part: _only(payload[part], fields) for part in RECORDS if isinstance(payload.get(part), Mapping)}
    return {**payload, **parts}


def _only(record: Mapping[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    return {name: record[name] for name in fields if name in record}


def body_of(payload: Mapping[str, Any]) -> str:
    """The payload as JSON text."""
    return exact.dumps(payload).decode()
