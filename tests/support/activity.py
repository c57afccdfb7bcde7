"""A consumer of commits: it notes the versions of records, in the order of the changes."""

from __future__ import annotations

from collections.abc import Sequence

from libs.shared.bus.consumers.consumer import Consumer, Plan
from libs.shared.bus.outbox.transactions import Transaction
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.streams import COMMITS, CommitEvent

Entry = tuple[str, int, str]
INSERT = "INSERT INTO activity.entries (record_key, version, action) VALUES ($1, $2, $3)"


async def plan(state: None, app: AppRef, events: Sequence[CommitEvent]) -> Plan:
    """One entry per commit; deletions are not noted."""
    return Plan([_entry_of(event) for event in events])


def _entry_of(event: CommitEvent) -> Entry | None:
    return None if event.action == "delete" else (event.record_key, event.version, event.action)


async def apply(state: None, transaction: Transaction, reactions: Sequence[Entry]) -> None:
    """Insert the entries."""
    await transaction.connection.executemany(INSERT, reactions)


CONSUMER = Consumer("activity", COMMITS, plan, apply)
