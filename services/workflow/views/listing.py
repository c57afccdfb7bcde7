"""Lists of instances: those whose record the caller may read, or that they have started, decided, or may decide."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from libs.shared import clock, exact
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.contracts.records import AuthorizeRecords
from libs.shared.errors import not_found
from libs.shared.paging import Page
from libs.shared.postgres.listings import json_page, load_json_page
from services.workflow.delegations.standing import Standing, standings_of
from services.workflow.state import State
from services.workflow.views import statements
from services.workflow.views.approvals import with_approvals
from services.workflow.views.selection import Selection
from services.workflow.views.visibility import read, visible_instances

MAX_LOOKED_AT = 2_000
"""Instances that are looked at for a caller who is no admin; `meta.incomplete` tells when there are more."""
LOOK = 500
"""Instances whose records are asked about at once."""


async def list_visible(state: State, context: Context, page: Page, selection: Selection) -> Response:
    """A page of the instances that the caller may see."""
    database = state.database(context.the_app)
    if context.user.is_admin:
        source = f"{statements.SOURCE} WHERE {selection.conditions}"
        count = len(selection.values)
        statement = json_page(statements.SHOWN, source, selection.order, f"LIMIT ${count + 1} OFFSET ${count + 2}")
        rows, total = await load_json_page(database, statement, *selection.values, page.size, page.offset)
        return await _reply(state, context, read(rows), page.meta(total))
    ids, complete = await visible_ids(state, context, selection)
    shown = ids[page.offset : page.offset + page.size]
    rows_of = await database.fetchval(statements.SHOW_SEVERAL, shown) if shown else "[]"
    meta = {**page.meta(len(ids)), **({} if complete else {"incomplete": True})}
    return await _reply(state, context, read(rows_of), meta)


async def _reply(state: State, context: Context, rows: Sequence[Any], meta: dict[str, Any]) -> Response:
    visible = await visible_instances(state, context, [with_approvals(each) for each in rows])
    return Response(body=exact.dumps({"data": visible, "meta": meta}))


async def visible_ids(state: State, context: Context, selection: Selection) -> tuple[list[uuid.UUID], bool]:
    """The instances that the caller may see, in the order of the selection, and whether these are all."""
    database = state.database(context.the_app)
    standings = await standings_of(state, context, clock.now())
    persons = exact.dumps([each.to_dict() for each in standings]).decode()
    count = len(selection.values)
    statement = statements.CANDIDATES.format(
        conditions=selection.conditions, order=selection.order, who=f"${count + 1}", me=f"${count + 2}",
        limit=f"${count + 3}",
    )  # fmt: skip
    rows = await database.fetch(statement, *selection.values, persons, context.user.id, MAX_LOOKED_AT + 1)
    found: list[uuid.UUID] = []
    if context.user.is_admin:
        return [row["id"] for row in rows[:MAX_LOOKED_AT]], len(rows) <= MAX_LOOKED_AT
    for start in range(0, min(len(rows), MAX_LOOKED_AT), LOOK):
        part = rows[start : min(start + LOOK, MAX_LOOKED_AT)]
        readable = await _readable(state, context, part)
        found += [row["id"] for row in part if row["mine"] or (row["entity"], row["record_id"]) in readable]
    return found, len(rows) <= MAX_LOOKED_AT


async def check_visible(state: State, context: Context, instance_id: uuid.UUID) -> None:
    """Raises NOT_FOUND for an instance that lists do not show the caller."""
    if not context.user.is_admin:
        ids, _ = await visible_ids(state, context, Selection("i.id = $1", (instance_id,)))
        if not ids:
            raise not_found("Workflow instance")


async def _readable(state: State, context: Context, rows: Sequence[Any]) -> set[tuple[str, str]]:
    """The records of instances that are not theirs otherwise."""
    records = list({(r["entity"], r["record_id"]) for r in rows if not r["mine"] and r["entity"] and r["record_id"]})
    if not records:
        return set()
    verdicts = await state.core.rpc.request(AuthorizeRecords(records), context)
    return {record for record, may in zip(records, verdicts.allowed, strict=True) if may}


async def list_waiting(
    state: State, context: Context, page: Page, selection: Selection, standings: Sequence[Standing] | None
) -> Response:
    """A page of what waits for a decision, oldest first: everything, or (`standings`) what these persons may decide.

    An instance that the caller may decide only in the place of somebody says so in `on_behalf_of`.
    """
    count = len(selection.values)
    persons = exact.dumps([each.to_dict() for each in standings or ()]).decode()
    source = statements.WAITING.format(conditions=selection.conditions, who=f"${count + 1}", mine=f"${count + 2}")
    columns = f"{statements.SHOWN}, w.persons AS decided_by"
    statement = json_page(columns, source, "i.created_at, i.id", f"LIMIT ${count + 3} OFFSET ${count + 4}")
    values = (*selection.values, persons, standings is not None, page.size, page.offset)
    rows, total = await load_json_page(state.database(context.the_app), statement, *values)
    found = [with_approvals(each) for each in read(rows)]
    named = {each.id: {"id": each.id, "email": each.email} for each in standings or ()}
    behalf = [_behalf(each.pop("decided_by") or [], context.user.id, named) for each in found]
    visible = await visible_instances(state, context, found)
    shown = [{**each, **({"on_behalf_of": who} if who else {})} for each, who in zip(visible, behalf, strict=True)]
    return Response(body=exact.dumps({"data": shown, "meta": page.meta(total)}))


def _behalf(persons: Sequence[str], caller: str, named: dict[str, Any]) -> list[Any]:
    """Those in whose place the caller may decide, if they may not as themselves."""
    return [] if caller in persons else [named[each] for each in persons if each in named]
