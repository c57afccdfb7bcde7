"""Keeps schedules as the definitions of workflows say: metadata's signals tell of every change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from libs.shared import clock
from libs.shared.bus.outbox.transactions import Transaction
from libs.shared.contracts.signals import AuditedChange
from libs.shared.contracts.streams import SignalEvent
from libs.shared.schema.workflows import ScheduleTrigger
from services.workflow.schedules import store
from services.workflow.schedules.store import TimeTable
from services.workflow.schedules.times import following
from services.workflow.triggers import WorkflowIndex

WORKFLOWS = "_workflows"
"""The name of workflows in signals about definitions."""


@dataclass(frozen=True, slots=True)
class TimeTables:
    """All time tables of an app, by workflow, as of a change of its workflows."""

    tables: Mapping[str, TimeTable]
    since: datetime


def concerns_workflows(event: SignalEvent) -> bool:
    """Whether a signal is about the definition of a workflow."""
    return AuditedChange.is_in(event) and event.data.get("entity") == WORKFLOWS


def time_tables(index: WorkflowIndex, event: SignalEvent) -> TimeTables:
    """The time tables of the active workflows after a change."""
    triggers = {each.id: each.definition.trigger for each in index.by_id.values() if each.definition.active}
    tables = {
        workflow_id: (trigger.cron, trigger.timezone)
        for workflow_id, trigger in triggers.items()
        if isinstance(trigger, ScheduleTrigger)
    }
    return TimeTables(tables, datetime.fromisoformat(event.at))


async def fit(transaction: Transaction, wanted: TimeTables) -> None:
    """Store new and changed time tables, forget the others. Times since the change are made up for."""
    connection = transaction.connection
    there = await store.known(connection)
    changed = {key: table for key, table in wanted.tables.items() if there.get(key) != table}
    first = {key: following(cron, timezone, wanted.since) for key, (cron, timezone) in changed.items()}
    await store.put(connection, changed, first)
    await store.remove(connection, [key for key in there if key not in wanted.tables])


def earliest(wanted: Sequence[TimeTables]) -> datetime | None:
    """When to look at the schedules of an app: now, where there are any."""
    return clock.now() if any(each.tables for each in wanted) else None
