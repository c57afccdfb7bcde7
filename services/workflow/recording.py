"""Commits a new state of an instance together with its signals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from libs.shared.bus.outbox.transactions import Transaction
from services.workflow import store
from services.workflow.instance import Instance, InstanceOrigin, StoredInstance, person_of
from services.workflow.outcomes import PendingSignal


async def record(
    transaction: Transaction,
    stored: StoredInstance,
    instance: Instance,
    signals: Sequence[PendingSignal],
    now: datetime,
) -> int | None:
    """Write the new state and emit its signals; None when the instance has been changed meanwhile."""
    version = await store.save(transaction.connection, stored, instance, now)
    if version is not None:
        emit(transaction, instance, stored.origin, signals)
    return version


def emit(
    transaction: Transaction, instance: Instance, origin: InstanceOrigin, signals: Sequence[PendingSignal]
) -> None:
    """Emit signals, each with its instance, record and person."""
    person = person_of(instance, origin)
    about: dict[str, Any] = {
        "trace_id": origin.trace_id,
        "instance_id": instance.id,
        "workflow_id": instance.workflow_id,
        "workflow_name": instance.workflow_name,
        "entity": origin.entity,
        "record_id": origin.record_id,
        "user_id": person.get("id"),
        "user_email": person.get("email"),
        "cause_depth": origin.cause_depth,
    }
    transaction.emit(*(signal.signal_type(**about, **signal.own_fields) for signal in signals))
