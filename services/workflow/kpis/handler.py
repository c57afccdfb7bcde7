"""The endpoint that answers figures. Callers who are no admins get those of the instances that they may see."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from libs.shared import clock, exact
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.contracts.workflow_reads import GetWorkflowKpis
from libs.shared.errors import RocketError
from services.workflow.directory import find_users
from services.workflow.kpis import statements
from services.workflow.state import State
from services.workflow.views.listing import visible_ids
from services.workflow.views.selection import moment, selected

WINDOW = timedelta(days=30)
"""The time that figures are about, if the request does not say it."""
GROUPS = ("day", "week", "month")
BOTTLENECKS = 5
"""Steps in which instances have spent the most time, all together."""


async def get_kpis(state: State, context: Context, request: GetWorkflowKpis) -> Response:
    """Figures of the instances that started in a time. Raises INVALID_PAYLOAD."""
    asked = {name: value for name, value in request.query if value}
    until = moment(asked, "to") or clock.now()
    since = moment(asked, "from") or until - WINDOW
    group = asked.get("group_by")
    if group is not None and group not in GROUPS:
        raise RocketError("INVALID_PAYLOAD", f"group_by must be one of {', '.join(GROUPS)}")
    ids, complete = await _counted(state, context, asked, since, until)
    values = (since, until, asked.get("workflow"), ids)
    data = await _figures(state, context, values, group)
    window = {"from": clock.iso(since), "to": clock.iso(until)}
    return Response(body=exact.dumps({"data": {"window": window, **data, "complete": complete}}))


async def _counted(
    state: State, context: Context, asked: Mapping[str, str], since: datetime, until: datetime
) -> tuple[Any, bool]:
    """The instances that count for a caller; None for admins: all."""
    if context.user.is_admin:
        return None, True
    wanted = [("workflow", asked.get("workflow", "")), ("from", clock.iso(since)), ("to", clock.iso(until))]
    return await visible_ids(state, context, selected(wanted))


async def _figures(state: State, context: Context, values: Sequence[Any], group: str | None) -> dict[str, Any]:
    database, limit = state.database(context.the_app), context.remaining()
    instances, steps, sla, pending = await asyncio.gather(
        database.fetchrow(statements.INSTANCES, *values, timeout=limit),
        database.fetch(statements.STEPS, *values, timeout=limit),
        database.fetchrow(statements.SLA, *values, timeout=limit),
        database.fetch(statements.PENDING, *values, timeout=limit),
    )
    assert instances is not None and sla is not None, "aggregates have one row"
    counted = dict(instances)
    duration = {name: _rounded(counted.pop(name)) for name in ("avg", "p50", "p95")}
    found = [{name: _rounded(value) for name, value in dict(row).items()} for row in steps]
    slowest = sorted(found, key=lambda step: -(step["total_seconds"] or 0))[:BOTTLENECKS]
    data = {
        "instances": counted,
        "duration": duration,
        "steps": [{name: value for name, value in step.items() if name != "total_seconds"} for step in found],
        "bottlenecks": [
            {name: step[name] for name in ("workflow", "step", "total_seconds", "avg_seconds", "entered")}
            for step in slowest
            if step["total_seconds"]
        ],
        "sla": dict(sla),
        "pending_by_approver": await _approvers(state, context, pending),
    }
    if group is not None:
        rows = await database.fetch(statements.SERIES, *values, group, timeout=limit)
        data["series"] = [{name: _rounded(value) for name, value in dict(row).items()} for row in rows]
    return data


async def _approvers(state: State, context: Context, rows: Sequence[Any]) -> list[dict[str, Any]]:
    """For whom how much waits: roles by name, users with their address."""
    people = await find_users(state, context, {row["user_id"] for row in rows if row["user_id"] is not None})
    found = []
    for row in rows:
        who: dict[str, Any] = {"anyone": True}
        if row["role"] is not None:
            who = {"role": row["role"]}
        elif row["user_id"] is not None:
            person = people.named(row["user_id"])
            who = {"user": {"id": row["user_id"], "email": person.email if person else None}}
        found.append({**who, "count": row["count"], "oldest_at": row["oldest_at"]})
    return found


def _rounded(value: Any) -> Any:
    """Seconds with milliseconds; other values as they are."""
    return value if value is None or isinstance(value, int | str) else round(float(value), 3)
