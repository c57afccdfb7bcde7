"""Lists of instances as they were at a time."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from libs.shared import clock, exact
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.contracts.records import Pairs
from libs.shared.paging import Page
from services.workflow.state import State
from services.workflow.views import statements
from services.workflow.views.approvals import with_approvals
from services.workflow.views.listing import visible_ids
from services.workflow.views.past import Document, Moment, document_of, past_instances
from services.workflow.views.selection import FILTERS, Selection, selected, value_in
from services.workflow.views.visibility import read, visible_instances

PAST_AT_ONCE = 100
"""Instances whose histories are read at once."""
MARGIN_S = 1.0
"""Left of the time of a request to answer; `meta.incomplete` tells when it did not suffice."""


def _open_seats(row: Document) -> list[Mapping[str, Any]]:
    return [seat for each in row.get("approvals", ()) for seat in each["seats"] if seat["decision"] is None]


def _waits_for(row: Document, value: Any, at: datetime) -> bool:
    seats = _open_seats(row)
    roles = {role for seat in seats for role in (seat.get("role"), *seat.get("roles", ()))}
    return value in roles or any(user["id"] == value for seat in seats for user in seat.get("users", ()))


def _is_due(row: Document, before: datetime) -> bool:
    deadline = row["current_step_deadline"]
    return row["status"] == "running" and deadline is not None and clock.parse(deadline) < before


def _is_overdue(row: Document, at: datetime) -> bool:
    return _is_due(row, at) or any(each["status"] in ("escalated", "timed_out") for each in row["history"])


CHANGING: Mapping[str, Callable[[Document, Any, datetime], bool]] = {
    "status": lambda row, value, at: row["status"] == value,
    "step": lambda row, value, at: value in row["current_steps"],
    "version": lambda row, value, at: row["workflow_version"] == value,
    "waiting_for": _waits_for,
    "due_before": lambda row, value, at: _is_due(row, value),
    "overdue": lambda row, value, at: _is_overdue(row, at) is value,
}
"""Filter → whether a past instance passes it, of those filters whose answer changes in the course of an instance."""
CHANGING_SORTS = ("updated_at", "status", "current_step_deadline")


async def list_past(state: State, context: Context, page: Page, query: Pairs, at: datetime) -> Response:
    """A page of the instances that the caller may see, as they were at a time."""
    asked = {name: value for name, value in query if value}
    selected(query)  # refuses what can't be asked
    wanted = {name: value_in(asked, name) for name in CHANGING if name in asked}
    sort = asked.get("sort", "")
    sorts = sort.removeprefix("-") in CHANGING_SORTS
    constant = [(name, value) for name, value in query if name in FILTERS and name not in CHANGING]
    selection = _begun(selected([*constant, *([("sort", sort)] if sort and not sorts else [])]), at)
    ids, complete = await visible_ids(state, context, selection)
    if wanted or sorts:
        ids, all_read = await _chosen(state, context, ids, at, wanted, sort if sorts else "")
        complete = complete and all_read
    shown = ids[page.offset : page.offset + page.size]
    rows = [document_of(each) for each in await past_instances(state, context, shown, Moment(at))]
    now = read(await state.database(context.the_app).fetchval(statements.SHOW_SEVERAL, shown)) if shown else []
    today = {row["id"]: with_approvals(row) for row in now}
    both = [(row, today[row["id"]]) for row in rows if row["id"] in today]
    visible = await visible_instances(state, context, [row for row, _ in both], [row for _, row in both])
    meta = {**page.meta(len(ids)), **({} if complete else {"incomplete": True})}
    return Response(body=exact.dumps({"data": visible, "meta": meta}))


def _begun(selection: Selection, at: datetime) -> Selection:
    """Of those chosen, the instances that had begun."""
    values = (*selection.values, at)
    return Selection(f"{selection.conditions} AND i.created_at <= ${len(values)}", values, selection.order)


async def _chosen(
    state: State, context: Context, ids: Sequence[uuid.UUID], at: datetime, wanted: Mapping[str, Any], sort: str
) -> tuple[list[uuid.UUID], bool]:
    """Those that passed the filters then, in the order of then; and whether all have been looked at."""
    found: list[tuple[uuid.UUID, Any]] = []
    name, down = sort.removeprefix("-"), sort.startswith("-")
    complete = True
    for start in range(0, len(ids), PAST_AT_ONCE):
        if context.remaining() < MARGIN_S:
            complete = False
            break
        for past in await past_instances(state, context, ids[start : start + PAST_AT_ONCE], Moment(at)):
            row = document_of(past)
            if all(CHANGING[key](row, value, at) for key, value in wanted.items()):
                found.append((uuid.UUID(past.instance.id), row.get(name) if name else None))
    if name:
        empty = [each for each in found if each[1] is None]
        filled = sorted((each for each in found if each[1] is not None), key=lambda each: each[1], reverse=down)
        found = [*filled, *empty]
    return [each for each, _ in found], complete
