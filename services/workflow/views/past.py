"""Instances as they were: the fold of their histories up to a moment, shown to those who may see them today."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from libs.shared import clock, exact
from libs.shared.contracts.context import SYSTEM, Context
from libs.shared.errors import RocketError, not_found
from libs.shared.postgres.databases import Record
from services.workflow.former_definitions import find_version
from services.workflow.history import store
from services.workflow.history.codec import state_to_dict
from services.workflow.history.instances import StoredInstance
from services.workflow.machine import entries as kinds
from services.workflow.machine.entries import HistoryEntry
from services.workflow.machine.folding import fold
from services.workflow.machine.state import DECIDING, InstanceState
from services.workflow.state import State
from services.workflow.views import statements
from services.workflow.views.approvals import with_approvals
from services.workflow.views.selection import moment

Document = dict[str, Any]
CLOCK_SKEW = timedelta(seconds=3)
"""How far in the future a moment may lie."""
MAX_SEQ_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Moment:
    """A time, or the entry of an instance's history (`seq`) after which it is looked at."""

    at: datetime | None = None
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class PastInstance:
    """An instance with its state then, and the entries that led there. `document` is its definition then."""

    instance: StoredInstance
    state: InstanceState
    entries: Sequence[HistoryEntry]
    document: Mapping[str, Any]
    times: tuple[str, str]
    """When it was created and changed, as the present one says it."""


def moment_in(query: Mapping[str, str], takes_seq: bool = True) -> Moment | None:
    """The moment that `as_of` names; None: now. Raises INVALID_PAYLOAD."""
    text = query.get("as_of")
    if not text:
        return None
    if takes_seq and text.isascii() and text.isdigit() and len(text) <= MAX_SEQ_DIGITS:
        return Moment(seq=int(text))
    at = moment(query, "as_of")
    if at is not None and at - clock.now() > CLOCK_SKEW:
        raise RocketError("INVALID_PAYLOAD", "as_of must not lie in the future")
    return Moment(at=at)


async def last_entry(state: State, context: Context, instance_id: uuid.UUID, then: Moment | None) -> int:
    """The number of the last entry at a moment. Raises NOT_FOUND where the instance had not begun."""
    at = then.at if then else None
    last: int | None = await state.database(context.the_app).fetchval(statements.LAST_ENTRY, instance_id, at)
    if then is not None and then.seq is not None and last is not None and then.seq > last:
        raise RocketError("INVALID_PAYLOAD", f"as_of: the history has {last} entries")
    last = then.seq if then is not None and then.seq is not None and last else last
    if not last:
        raise not_found("Workflow instance")
    return last


async def past_instances(state: State, context: Context, ids: Sequence[uuid.UUID], then: Moment) -> list[PastInstance]:
    """These instances at a moment, in this order, without those that had not begun."""
    rows = await state.database(context.the_app).fetch(statements.PAST, ids, then.at, then.seq)
    # In a thread: thousands of entries take a while, and others wait for the event loop.
    found = await asyncio.to_thread(lambda: [_folded(row) for row in rows if row["entries"]])
    by_id = {each.instance.id: each for each in found}
    ordered = [by_id[str(each)] for each in ids if str(each) in by_id]
    return [await _with_definition(state, context, each) for each in ordered]


def _folded(row: Record) -> PastInstance:
    rows = exact.loads(row["entries"])
    entries = [
        HistoryEntry(kind, scope, step, data, clock.iso(clock.parse(at))) for _, kind, scope, step, data, at in rows
    ]
    times = (row["begun"], rows[-1][-1])
    return PastInstance(store.read(row), fold(entries), entries, exact.loads(row["original"]), times)


async def _with_definition(state: State, context: Context, past: PastInstance) -> PastInstance:
    """The instance with its definition then: the present one unless it has been migrated since."""
    present = exact.loads(past.instance.document)
    moves = [entry.data["to"] for entry in past.entries if entry.kind == kinds.MIGRATED]
    version = moves[-1] if moves else past.document.get("version")
    if version is None or version == present.get("version"):
        return replace(past, document=present)
    if not moves:
        return past
    asking = context.for_user(SYSTEM)
    document = await find_version(state, asking, past.instance.workflow_id, version)
    return replace(past, document=document or present)


def document_of(past: PastInstance) -> Document:
    """A past instance in the form in which the present one is read. Pure."""
    instance, state = past.instance, past.state
    stored = state_to_dict(state)
    waiting = [frame for frame in stored["frames"] if frame["phase"] == DECIDING and state.status == "running"]
    deadlines = [frame.data["deadline"] for frame in state.waiting if frame.data["deadline"]]
    steps = {
        step: {"record_id": output["record_id"]}
        for step, output in state.steps.items()
        if isinstance(output, Mapping) and "record_id" in output
    }
    shown = [each for entry in past.entries if (each := entry.shown)]
    document = {
        "id": instance.id, "workflow_id": instance.workflow_id, "workflow_name": instance.workflow_name,
        "workflow_version": past.document.get("version"), "status": state.status,
        "current_step": next(iter(state.current_steps), None),
        "current_step_deadline": clock.parse(deadlines[0]).isoformat() if deadlines else None, "context": state.context,
        "history": shown[-statements.MAX_HISTORY :], "created_at": past.times[0],
        "updated_at": past.times[1], "current_steps": state.current_steps, "entity": instance.origin.entity,
        "record_id": instance.origin.record_id, "parent_id": instance.origin.parent_id, "initiator": state.initiator,
        "failed": state.failed, "warnings": state.warnings, "definition": past.document,
        "trigger": {"record": state.trigger.get("record")}, "steps": steps, "frames": waiting,
        "document": exact.dumps(past.document).decode() if waiting else None,
    }  # fmt: skip
    return with_approvals(exact.loads(exact.dumps(document)))
