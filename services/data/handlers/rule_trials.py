"""Trying a rule or guard on the stored records: load → look → reply. Nothing is changed.

PostgreSQL looks where it can, at every record; otherwise the records are looked at one by one, up to
a number and for a time, and the answer says whether that was all.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Any

from libs.shared import clock, exact
from libs.shared.bodies import read_object
from libs.shared.contracts import trials as contracts
from libs.shared.contracts.messages import Response
from libs.shared.errors import invalid_field
from libs.shared.expressions.sql import Column, NotTranslatable, translate
from libs.shared.postgres.errors import SchemaMoved
from services.data.model import EntityModel, StatementParameters, quote
from services.data.query.lists import VERSION
from services.data.query.sources import Sources, sources_of
from services.data.query_spans import executing
from services.data.request.context import RequestContext
from services.data.request.execution import read
from services.data.request.moments import moment_of
from services.data.request.schema_fence import under_schema
from services.data.rules.trial import Trial, TrialRequest, prepare, read_trial_request, serialize_sample

MAX_ROWS = 10_000
"""Records looked at one by one."""
MAX_TRIAL_S = 4.0
"""How long they are looked at."""
TURN_ROWS = 50
"""Records after which others have a turn."""


@under_schema
async def try_rule(ctx: RequestContext, request: contracts.TryRule) -> Response:
    asked = read_trial_request(read_object(request.body))
    name = asked.definition.entity
    if name not in ctx.model.schema.entities:
        raise invalid_field("entity", f"Unknown entity: {name}")
    entity = ctx.model.entity(name)
    auto = [field.name for field in entity.fields.values() if field.auto]
    trial = prepare(asked, entity.fields, frozenset([*entity.key.names, *auto]), ctx.caller, clock.now())
    if asked.sample is not None:
        violating = int(trial.violated_by(serialize_sample(asked.sample, entity.fields)))
        return _reply({"violating": violating, "looked_at": 1, "complete": True, "ids": []})
    position = await moment_of(ctx, [("as_of", asked.as_of)]) if asked.as_of else None
    return _reply(await count_violations(ctx, entity, trial, asked, position))


def _reply(found: dict[str, Any]) -> Response:
    return Response(body=exact.dumps({"data": found}))


async def count_violations(
    ctx: RequestContext, entity: EntityModel, trial: Trial, asked: TrialRequest, position: int | None = None
) -> dict[str, Any]:
    """How many records violate it, how many were looked at, whether that was all, and the first ids.

    The records are those of now, or those that there were at a position of the log.
    """
    found = await _count_in_sql(ctx, entity, trial, asked, position)
    return await _look(ctx, entity, trial, asked, position) if found is None else found


async def _count_in_sql(
    ctx: RequestContext, entity: EntityModel, trial: Trial, asked: TrialRequest, position: int | None
) -> dict[str, Any] | None:
    """The answer of one statement over all records; None where SQL can't say it."""
    parameters, sources = _ground(ctx, position)
    where = _where(entity, trial, parameters)
    columns = {name: Column(f"_r.{quote(name)}", f.type, f.precision) for name, f in entity.fields.items()}
    if trial.tree is None:
        return None
    try:
        rows = {"record": columns, "old": columns}
        violated = translate(trial.tree, rows, trial.environment(), parameters)
    except NotTranslatable:
        return None
    keys = ", ".join(entity.key.columns("_r"))
    limit = parameters.add(asked.limit, "bigint")
    rows_sql = sources.root(entity)
    sql = sources.statement(
        f"SELECT {VERSION} AS schema_version, count(*) AS looked_at, count(*) FILTER (WHERE {violated}) AS violating, "
        f"ARRAY(SELECT {entity.json('_r')} FROM {rows_sql} _r WHERE {where} AND {violated} "
        f"ORDER BY {keys} LIMIT {limit}) AS records FROM {rows_sql} _r WHERE {where}"
    )
    row = await read(ctx, (sql, parameters.values))
    ids = [entity.key.json_value(exact.loads(record)) for record in row["records"]]
    return {"violating": row["violating"], "looked_at": row["looked_at"], "complete": True, "ids": ids}


async def _look(
    ctx: RequestContext, entity: EntityModel, trial: Trial, asked: TrialRequest, position: int | None
) -> dict[str, Any]:
    """The answer of looking at records one by one."""
    ids: list[Any] = []
    violating = looked_at = 0
    until = clock.unix() + min(MAX_TRIAL_S, ctx.context.remaining() / 2)
    complete = True
    async with contextlib.aclosing(_records(ctx, entity, trial, position)) as records:
        async for record in records:
            if looked_at == MAX_ROWS or clock.unix() > until:
                complete = False
                break
            looked_at += 1
            if trial.violated_by(record):
                violating += 1
                ids += [entity.key.json_value(record)] if len(ids) < asked.limit else []
            if looked_at % TURN_ROWS == 0:
                await asyncio.sleep(0)
    return {"violating": violating, "looked_at": looked_at, "complete": complete, "ids": ids}


async def _records(
    ctx: RequestContext, entity: EntityModel, trial: Trial, position: int | None
) -> AsyncGenerator[dict[str, Any], None]:
    """The live records in the order of their keys, one more than are looked at. Raises SchemaMoved."""
    parameters, sources = _ground(ctx, position)
    where = _where(entity, trial, parameters)
    limit = parameters.add(MAX_ROWS + 1, "bigint")
    sql = sources.statement(
        f"SELECT _v.version AS schema_version, _l.record FROM metadata.schema_version _v LEFT JOIN "
        f"(SELECT {entity.json('_r')} AS record FROM {sources.root(entity)} _r WHERE {where} "
        f"ORDER BY {', '.join(entity.key.columns('_r'))} LIMIT {limit}) _l ON true"
    )
    with executing(sql, entity.name):
        async with ctx.database.transaction() as transaction:
            async for row in transaction.cursor(sql, *parameters.values, prefetch=TURN_ROWS):
                if row["schema_version"] != ctx.model.version:
                    raise SchemaMoved
                if row["record"] is not None:
                    yield exact.loads(row["record"])


def _ground(ctx: RequestContext, position: int | None) -> tuple[StatementParameters, Sources]:
    """The parameters of a statement, and its rows: those of now, or of a position."""
    parameters = StatementParameters()
    if position is not None:
        parameters.add(position, "bigint")
    return parameters, sources_of(ctx.model, len(parameters.values))


def _where(entity: EntityModel, trial: Trial, parameters: StatementParameters) -> str:
    """Which records are looked at."""
    if not trial.states:
        return entity.alive("_r")
    states = parameters.add(list(trial.states), "text[]")
    return f"{entity.alive('_r')} AND _r.{quote(trial.field)}::text = ANY({states})"
