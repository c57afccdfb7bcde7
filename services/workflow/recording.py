"""Records an input: appends to the history, stores the state, emits signals, and informs other instances."""

from __future__ import annotations

from datetime import datetime

from libs.shared.bus.outbox.transactions import Transaction
from services.workflow.history import projecting, renames, store
from services.workflow.history.instances import StoredInstance
from services.workflow.machine.deciding import Advanced, decide
from services.workflow.machine.inputs import Answer, Break, FollowRenames, Input, Migrate
from services.workflow.machine.plan import plan_of
from services.workflow.notifications import notifications_of
from services.workflow.signals import signals_of

CHILD_INPUT, CANCEL_INPUT = "answer", "cancel"


async def record(transaction: Transaction, instance: StoredInstance, given: Input, now: datetime) -> Advanced:
    """Decide what an input does to a locked instance, and store and emit the result. Raises what `decide` raises."""
    if instance.is_renamed:
        instance = await _renamed(transaction, instance, now)
    plan = plan_of(given.definition) if isinstance(given, Migrate) else instance.plan
    advanced = decide(instance.plan, instance.state, given, now, instance.id)
    if advanced.entries:
        await store.save(transaction.connection, instance, advanced.state, advanced.entries, now, plan)
        transaction.emit(*signals_of(instance, advanced.state, advanced.entries))
        transaction.emit(*notifications_of(instance, advanced.state, advanced.entries))
        await _tell_others(transaction, instance, advanced, given, now)
    return advanced


async def record_or_fail(transaction: Transaction, instance: StoredInstance, given: Input, now: datetime) -> Advanced:
    """Record an input that can't be refused: where the state would become too large, the instance fails instead."""
    try:
        return await record(transaction, instance, given, now)
    except store.StateTooLarge as problem:
        return await record(transaction, instance, Break(problem.message), now)


async def _renamed(transaction: Transaction, instance: StoredInstance, now: datetime) -> StoredInstance:
    """The instance after it has followed renames of entities and fields."""
    missed = FollowRenames(await renames.since(transaction.connection, instance))
    advanced = decide(instance.plan, instance.state, missed, now, instance.id)
    if advanced.entries:
        await store.save(transaction.connection, instance, advanced.state, advanced.entries, now)
    return instance.advanced(advanced.state)


async def begin(transaction: Transaction, new: StoredInstance, given: Input, now: datetime) -> StoredInstance | None:
    """Store a new instance, advanced until it must wait; None if its key has started this workflow before."""
    advanced = decide(new.plan, new.state, given, now, new.id)
    started = new.advanced(advanced.state)
    if not await store.insert(transaction.connection, started, advanced.entries, now):
        return None
    transaction.emit(*signals_of(started, advanced.state, advanced.entries))
    transaction.emit(*notifications_of(started, advanced.state, advanced.entries))
    await _tell_others(transaction, new, advanced, given, now)
    return started


async def _tell_others(
    transaction: Transaction, instance: StoredInstance, advanced: Advanced, given: Input, now: datetime
) -> None:
    """Leave an input for the parent when the instance ends, and cancel sub-workflows that it no longer waits for."""
    parent, key = instance.origin.parent_id, instance.origin.parent_key
    if parent and key and instance.state.status != advanced.state.status:
        ending = projecting.ending_of(advanced.state, instance.id)
        if ending is not None:
            told = {"type": CHILD_INPUT, "key": key, "output": ending}
            await store.tell(transaction.connection, parent, f"{CHILD_INPUT}:{key}", told, now)
    answered = given.key if isinstance(given, Answer) else None
    keys = projecting.abandoned_children(instance.state, advanced.state, answered)
    if keys:
        for child in await store.children(transaction.connection, instance.id, keys):
            told = {"type": CANCEL_INPUT, "reason": f"{instance.workflow_name} does not wait for it any more"}
            await store.tell(transaction.connection, child, CANCEL_INPUT, told, now)
