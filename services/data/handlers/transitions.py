"""The transitions of one record: which there are, which the caller may take now, and why not the others.

What a write of the state would say is asked of the write's own rules and machines; nothing is stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from libs.shared import exact
from libs.shared.contracts import trials as contracts
from libs.shared.contracts.messages import Response
from libs.shared.errors import RocketError, not_found, summary
from services.data.model import EntityModel, KeyValue
from services.data.permissions import Grant, grant_for, granted
from services.data.query.scope import check_parameters
from services.data.query.statements import get_statement
from services.data.request.context import RequestContext
from services.data.request.execution import read
from services.data.request.record_keys import key_named
from services.data.request.schema_fence import under_schema
from services.data.rules.machines import CompiledTransition, Machine
from services.data.writes.context.drafts import Draft
from services.data.writes.deciding.decisions import decide
from services.data.writes.statements.changes import Action
from services.data.writes.statements.locking import Stored

MAX_TRIED = 100
"""Transitions from the present state whose guards and rules are tried; of others only roles are looked at."""

Record = Mapping[str, Any]
Option = dict[str, Any]


@under_schema
async def list_transitions(ctx: RequestContext, request: contracts.ListTransitions) -> Response:
    entity = ctx.model.entity(request.entity)
    check_parameters(ctx.scope(), entity, request)
    reading = grant_for(entity, "read", ctx.caller)
    stored = await _load(ctx, entity, await key_named(ctx, entity, request.id), reading)
    updating = granted(entity, "update", ctx.caller)
    options: list[Option] = []
    tried = 0
    for machine in ctx.model.rules(entity.name).machines:
        # The state of a record whose state field is hidden must not show in what follows from it.
        if reading.shows(machine.field, stored.record):
            may_set = _may_set(updating, machine.field, stored.record)
            for option in _options(ctx, machine, stored.record.get(machine.field), may_set):
                if option["allowed"] and tried < MAX_TRIED:
                    tried += 1
                    option = await _tried(ctx, entity, reading, stored, machine, option)
                options.append(option)
    return Response(body=exact.dumps({"data": options}))


def _may_set(updating: Grant | None, name: str, record: Record) -> bool:
    return updating is not None and updating.covers(record) and updating.shows(name, record)


async def _load(ctx: RequestContext, entity: EntityModel, key: KeyValue, reading: Grant) -> Stored:
    """The record as it is. Raises NOT_FOUND, also where the caller may not see it."""
    row = await read(ctx, get_statement(entity, key, reading))
    if row["version"] is None:
        raise not_found("Record")
    return Stored(key, row["version"], exact.loads(row["record"]), row["record"], granted=True)


def _options(ctx: RequestContext, machine: Machine, state: Any, may_set: bool) -> Iterator[Option]:
    """All transitions of a machine, those from the present state first; allowed as far as roles and rights go."""
    moves = machine.moves
    if state is None:
        yield _option(machine, None, machine.initial, "" if may_set else "permission")
    for (origin, to), ways in sorted(moves.items(), key=lambda move: move[0][0] != state):
        if origin != state:
            yield _option(machine, origin, to, "state", f"{machine.field} is {state}, not {origin}")
        elif not may_set:
            yield _option(machine, origin, to, "permission", f"You may not change {machine.field} of this record")
        elif not any(way.is_for(ctx.caller) for way in ways):
            roles = sorted({role for way in ways for role in way.roles})
            yield {**_option(machine, origin, to, "role", f"Needs the role {' or '.join(roles)}"), "roles": roles}
        else:
            yield _option(machine, origin, to)


def _option(machine: Machine, origin: str | None, to: str, reason: str = "", message: str = "") -> Option:
    option: Option = {"field": machine.field, "from": origin, "to": to, "allowed": not reason}
    return {**option, "reason": reason, "message": message} if reason else option


async def _tried(
    ctx: RequestContext, entity: EntityModel, reading: Grant, stored: Stored, machine: Machine, option: Option
) -> Option:
    """The option as a write that sets nothing but the state would find it."""
    values = {machine.field: option["to"]}
    draft = Draft(dict(values), stored, values=dict(values))
    try:
        await decide(ctx.write(), ctx.database, entity, Action.UPDATE, [draft])
    except RocketError as refusal:
        detail = refusal.details[0] if refusal.details else {"message": refusal.message}
        by_machine = detail.get("rule") == "state_machine"
        refused = {"allowed": False, "reason": "guard" if by_machine else "rule", "message": summary(detail)}
        ways = machine.moves.get((option["from"], option["to"]), ())
        guards = _guards(ctx, entity, reading, stored, ways) if by_machine else []
        return {**option, **refused, **({"guard": guards[0]} if guards else {})}
    return option


def _guards(
    ctx: RequestContext, entity: EntityModel, reading: Grant, stored: Stored, ways: Sequence[CompiledTransition]
) -> list[str]:
    """The guards that do not hold, as far as they are about fields that the caller may see."""
    mine = [way for way in ways if way.guard is not None and way.is_for(ctx.caller)]
    return [
        way.text
        for way in mine
        if way.guard is not None
        and all(
            reading.shows(name, stored.record)
            for name in entity.fields
            if any(path in ("record", "old") or path.split(".")[1:2] == [name] for path in way.guard.paths)
        )
    ]
