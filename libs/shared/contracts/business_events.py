"""Business events: what callers, transitions and workflows tell of, as the events service passes it on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from libs.shared.contracts.signals import InstanceSignal, Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessEventRecorded(Signal):
    """A business event has been recorded. Workflows start with it, and wait for it.

    `event_key` is the event's id; `about` (entity and record, or the action) orders events of one subject.
    """

    service, name, key_field = "events", "business_event", "about"

    event_key: str
    about: str
    action: str
    entity: str | None
    record_id: str | None
    metadata: Mapping[str, Any]
    user_id: str | None
    user_email: str | None
    user_roles: Sequence[str]
    cause_depth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSent(InstanceSignal):
    """A step of a workflow instance sends a business event; the events service records it once per `effect_key`."""

    name = "event_sent"

    event: str
    payload: Mapping[str, Any]
    effect_key: str
