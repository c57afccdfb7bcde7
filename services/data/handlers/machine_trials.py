"""Trying a state machine before it is saved: records whose state it does not know, and what its guards refuse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from libs.shared import clock, exact
from libs.shared.bodies import read_object
from libs.shared.contracts import trials as contracts
from libs.shared.contracts.messages import Response
from libs.shared.errors import detail_of, invalid, invalid_field
from libs.shared.nearest import unknown
from libs.shared.schema.state_machines import STATE_TYPES, MachineBody, StateMachineDefinition, Transition
from libs.shared.schema.validation_errors import errors_in
from services.data.handlers.rule_trials import count_violations
from services.data.model import EntityModel, StatementParameters, quote
from services.data.query.lists import VERSION
from services.data.request.context import RequestContext
from services.data.request.execution import read
from services.data.request.schema_fence import under_schema
from services.data.rules.trial import TrialRequest, TriedGuard, prepare

MAX_STATES = 1_000
"""Different states that are counted; the most frequent ones."""
MAX_IDS = 20
"""Records of unknown state, and records that a guard refuses, that are named."""
MAX_GUARD_TRIALS_S = 6.0
"""Seconds after which the remaining guards are not tried any more."""
ROW_KEYS = ("id", "created_at", "updated_at")
"""Keys of a stored machine's row, which may be sent back."""


@under_schema
async def try_machine(ctx: RequestContext, request: contracts.TryMachine) -> Response:
    machine = _machine(ctx, read_object(request.body))
    entity = ctx.model.entity(machine.entity)
    counts = await _states(ctx, entity, machine.field)
    known = _known(machine.definition)
    strange = [state for state in counts if state is not None and state not in known]
    tried = await _transitions(ctx, entity, machine, counts)
    data = {
        "records": sum(counts.values()),
        "states": [{"state": s, "records": n, "known": s is None or s in known} for s, n in counts.items()],
        "unknown": {
            "records": sum(counts[state] for state in strange),
            "ids": await _ids(ctx, entity, machine.field, strange) if strange else [],
        },
        "transitions": tried,
        "complete": len(counts) < MAX_STATES and all(each["complete"] for each in tried),
    }
    return Response(body=exact.dumps({"data": data}))


def _machine(ctx: RequestContext, document: dict[str, Any]) -> StateMachineDefinition:
    """The machine of a body. Raises VALIDATION_FAILED."""
    sent = {key: value for key, value in document.items() if key not in ROW_KEYS}
    try:
        machine = StateMachineDefinition.model_validate(sent)
    except ValidationError as error:
        mistakes = errors_in(error, StateMachineDefinition, sent)
        raise invalid("The state machine is not valid", *(detail_of(path, words) for path, words in mistakes)) from None
    if machine.entity not in ctx.model.schema.entities:
        raise invalid_field("entity", unknown(machine.entity, ctx.model.schema.entities))
    entity = ctx.model.entity(machine.entity)
    field = entity.fields.get(machine.field)
    if field is None:
        raise invalid_field("field", unknown(machine.field, entity.fields))
    if field.type not in STATE_TYPES:
        raise invalid_field("field", f"{machine.field} is {field.type}; a state is a string or text")
    return machine


def _known(body: MachineBody) -> set[str]:
    """The states that the machine names."""
    return {body.initial, *(state for each in body.transitions for state in (*each.origins, each.to))}


async def _states(ctx: RequestContext, entity: EntityModel, field: str) -> dict[str | None, int]:
    """How many live records are in which state, the most frequent states first."""
    sql = (
        f"SELECT {VERSION} AS schema_version, (SELECT coalesce(json_agg(json_build_array(_s.state, _s.n)), '[]')::text "
        f"FROM (SELECT _r.{quote(field)} AS state, count(*) AS n FROM {entity.table} _r WHERE {entity.alive('_r')} "
        f"GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {MAX_STATES}) _s) AS states"
    )
    row = await read(ctx, (sql, ()))
    return dict(exact.loads(row["states"]))


async def _ids(ctx: RequestContext, entity: EntityModel, field: str, states: Sequence[str]) -> list[Any]:
    """The first records in one of these states."""
    parameters = StatementParameters()
    among = parameters.add(list(states), "text[]")
    sql = (
        f"SELECT {VERSION} AS schema_version, ARRAY(SELECT {entity.json('_r')} FROM {entity.table} _r "
        f"WHERE {entity.alive('_r')} AND _r.{quote(field)} = ANY({among}) "
        f"ORDER BY {', '.join(entity.key.columns('_r'))} LIMIT {MAX_IDS}) AS records"
    )
    row = await read(ctx, (sql, parameters.values))
    return [entity.key.json_value(exact.loads(record)) for record in row["records"]]


async def _transitions(
    ctx: RequestContext, entity: EntityModel, machine: StateMachineDefinition, counts: dict[str | None, int]
) -> list[dict[str, Any]]:
    """Each transition with the records that could take it, and those that its guard refuses today."""
    until = clock.unix() + min(MAX_GUARD_TRIALS_S, ctx.context.remaining() / 2)
    found = []
    for transition in machine.definition.transitions:
        waiting = sum(counts.get(origin, 0) for origin in transition.origins)
        row: dict[str, Any] = {"from": sorted(transition.origins), "to": transition.to, "records": waiting}
        if transition.guard is None or not waiting:
            found.append({**row, "refused": 0, "ids": [], "complete": True})
        elif clock.unix() > until:
            found.append({**row, "refused": None, "ids": [], "complete": False})
        else:
            found.append({**row, **await _refused(ctx, entity, machine.field, transition)})
    return found


async def _refused(ctx: RequestContext, entity: EntityModel, field: str, transition: Transition) -> dict[str, Any]:
    guard = TriedGuard.model_validate(
        {
            "entity": entity.name,
            "guard": transition.guard,
            "field": field,
            "from": sorted(transition.origins),
            "to": transition.to,
        }
    )
    request = TrialRequest(guard, MAX_IDS)
    trial = prepare(request, entity.fields, frozenset(), ctx.caller, clock.now())
    outcome = await count_violations(ctx, entity, trial, request)
    return {"refused": outcome["violating"], "ids": outcome["ids"], "complete": outcome["complete"]}
