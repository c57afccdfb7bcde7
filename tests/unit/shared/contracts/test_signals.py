"""What lies in outboxes and streams is public: names and keys of signals stay, and old events can be decoded."""

from __future__ import annotations

from typing import Any

import pytest

from libs.shared.contracts import signals
from libs.shared.contracts.audit import audited
from libs.shared.contracts.business_events import BusinessEventRecorded, EventSent
from libs.shared.contracts.context import SYSTEM, Context
from libs.shared.contracts.delegations import DelegationChanged
from libs.shared.contracts.signals import (
    AccountChanged,
    ApprovalRequested,
    AuditedChange,
    CircuitOpened,
    DefinitionChanged,
    DeliveryFailed,
    InstanceFailed,
    InstanceStarted,
    SecretRotated,
    Signal,
    StepCompleted,
    WebhookAnswered,
    WebhookRequested,
    data_of,
)
from libs.shared.contracts.streams import SignalEvent

ABOUT: dict[str, Any] = {
    "instance_id": "i", "workflow_id": "w", "workflow_name": "approve", "entity": "order", "record_id": "r",
    "user_id": None, "user_email": None, "cause_depth": 1,
}  # fmt: skip
CHANGE = audited(Context(trace_id="t", identity=SYSTEM), "_users", "u", "create", None, {"email": "a@b"})
ENTRY = {
    "action": "create", "old_data": None, "new_data": {"email": "a@b"}, "changed_fields": ["email"],
    "user_email": SYSTEM.email, "ip_address": None,
}  # fmt: skip
AUDITED = {"entity": "_users", "record_id": "u", "user_id": SYSTEM.id, "audit": ENTRY}
FAILURE: dict[str, Any] = {
    "delivery_id": "d", "webhook_id": "w", "entity": "order", "record_id": "r", "hook": "after_create", "url": "http://x",
    "attempt": 3, "error": "HTTP 500",
}  # fmt: skip
CIRCUIT: dict[str, Any] = {
    "endpoint": "e", "url": "http://x", "circuit": "open", "failures": 3, "failing_since": None, "error": "HTTP 500",
}  # fmt: skip

TOLD: dict[str, Any] = {
    "event_key": "k", "about": "order/r", "action": "paid", "entity": "order", "record_id": "r",
    "metadata": {"by": "card"}, "user_id": "u", "user_email": "a@b", "user_roles": ["clerk"], "cause_depth": 2,
}  # fmt: skip
ANSWERED: dict[str, Any] = {"effect_key": "i/1/0", "workflow_id": "w", "response": None, "error": "no connection"}

SAMPLES: list[tuple[Signal, str, str, str, dict[str, Any]]] = [
    (BusinessEventRecorded(trace_id="t", **TOLD), "events", "business_event", "order/r", TOLD),
    (AccountChanged(trace_id="t", **CHANGE), "gateway", "users_created", "u", AUDITED),
    (DelegationChanged(trace_id="t", **CHANGE), "workflow", "users_created", "u", AUDITED),
    (DefinitionChanged(trace_id="t", subject="_entities/1", **CHANGE), "metadata", "definition_created", "_entities/1",
     AUDITED),
    (DeliveryFailed(trace_id="t", **FAILURE), "webhook", "delivery_failed", "w", FAILURE),
    (CircuitOpened(trace_id="t", **CIRCUIT), "webhook", "circuit_opened", "e", CIRCUIT),
    (SecretRotated(trace_id="t", webhook_id="w", user_id="u"), "webhook", "secret_rotated", "w",
     {"webhook_id": "w", "user_id": "u"}),
    (InstanceStarted(trace_id="t", **ABOUT), "workflow", "instance_started", "i", ABOUT),
    (InstanceFailed(trace_id="t", step=None, reason="x", **ABOUT), "workflow", "instance_failed", "i",
     {**ABOUT, "step": None, "reason": "x"}),
    (ApprovalRequested(trace_id="t", step="s", role=None, deadline=None, **ABOUT), "workflow", "approval_requested",
     "i", {**ABOUT, "step": "s", "role": None, "deadline": None}),
    (StepCompleted(trace_id="t", step="s", status="on_true", **ABOUT), "workflow", "step_completed", "i",
     {**ABOUT, "step": "s", "status": "on_true"}),
    (StepCompleted(trace_id="t", step="s", status="approved", by="u", comment="ok", **ABOUT), "workflow",
     "step_completed", "i", {**ABOUT, "step": "s", "status": "approved", "by": "u", "comment": "ok"}),
    (WebhookRequested(trace_id="t", url="http://x", method="POST", body={"a": 1}, effect_key="i/1/0", **ABOUT),
     "workflow", "webhook_requested", "i",
     {**ABOUT, "url": "http://x", "method": "POST", "body": {"a": 1}, "effect_key": "i/1/0"}),
    (WebhookAnswered(trace_id="t", **ANSWERED), "webhook", "webhook_answered", "i/1/0", ANSWERED),
    (EventSent(trace_id="t", event="paid", payload={}, effect_key="i/1/0", **ABOUT), "workflow", "event_sent", "i",
     {**ABOUT, "event": "paid", "payload": {}, "effect_key": "i/1/0"}),
]  # fmt: skip


def event_of(signal: Signal, data: dict[str, Any]) -> SignalEvent:
    return SignalEvent(7, "app", signal.service, signal.what, signal.subject_key, signal.trace_id, data, "now")


@pytest.mark.parametrize(("signal", "service", "what", "key", "data"), SAMPLES)
def test_service_name_key_and_data_are_those_of_the_class(
    signal: Signal, service: str, what: str, key: str, data: dict[str, Any]
) -> None:
    assert (signal.service, signal.what, signal.subject_key) == (service, what, key)
    assert data_of(signal) == data


@pytest.mark.parametrize("signal", [sample[0] for sample in SAMPLES])
def test_an_event_decodes_to_the_signal_it_was_made_of(signal: Signal) -> None:
    assert type(signal).decode(event_of(signal, data_of(signal))) == signal


def test_an_event_of_another_class_is_not_decoded() -> None:
    signal = InstanceStarted(trace_id="t", **ABOUT)
    assert WebhookRequested.decode(event_of(signal, ABOUT)) is None
    assert AuditedChange.decode(event_of(signal, ABOUT)) is None


def test_fields_that_an_old_event_lacks_are_none_and_unknown_ones_are_ignored() -> None:
    known = {key: value for key, value in ABOUT.items() if key != "user_email"}
    event = event_of(InstanceStarted(trace_id="t", **ABOUT), {**known, "later": 1})
    assert InstanceStarted.decode(event) == InstanceStarted(trace_id="t", **ABOUT)


def test_no_two_classes_have_the_same_name() -> None:
    kinds = [kind for kind in vars(signals).values() if isinstance(kind, type) and issubclass(kind, Signal)]
    names = [(kind.service, kind.name) for kind in kinds if hasattr(kind, "name") and hasattr(kind, "service")]
    assert len(names) == len(set(names)) > 6


def test_images_too_large_for_a_message_are_left_out() -> None:
    fields = audited(Context(trace_id="t"), "_entities", "x", "update", {"a": "x" * 300_000}, {"a": ""})
    entry = fields["audit"]
    assert (entry["old_data"], entry["new_data"], entry["changed_fields"]) == (None, None, ["a"])
