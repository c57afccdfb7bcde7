"""Explains why an action is allowed or denied to a user, and why a record is in a list or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from libs.shared import clock, exact
from libs.shared.contracts import trials as contracts
from libs.shared.contracts.context import Identity
from libs.shared.contracts.messages import Response
from libs.shared.errors import RocketError, invalid_field, not_found
from libs.shared.permissions.checks import Person
from services.data.model import EntityModel, KeyValue
from services.data.model.version import check_current
from services.data.permissions import grant_for, granted
from services.data.permissions.explanation import AccessQuestion, Explanation, Record
from services.data.query.membership import Check, checks_of, membership_statement
from services.data.query.scope import Scope, check_parameters
from services.data.query.statements import many_now_sql, now_statement
from services.data.request.context import RequestContext
from services.data.request.execution import read
from services.data.request.record_keys import key_named
from services.data.request.schema_fence import under_schema

NO_POLICY: Check = {
    "check": "permission", "holds": False, "message": "No policy lets any of these roles read records",
}  # fmt: skip
SHARED = ("entity", "action", "roles", "record")
"""What the explanations about several records have in common, or have beside `record`."""


@under_schema
async def explain_access(ctx: RequestContext, request: contracts.ExplainAccess) -> Response:
    asked = AccessQuestion(request.action, request.entity, request.record_id, request.field)
    who = Person(request.who[0], request.who[1], tuple(request.who[2]), clock.now())
    if asked.entity not in ctx.model.schema.entities:
        raise invalid_field("entity", f"Unknown entity: {asked.entity}")
    entity = ctx.model.entity(asked.entity)
    if asked.field is not None and asked.field not in entity.fields:
        raise invalid_field("field", f"{entity.name} has no field {asked.field}")
    key, record, live = await _load_record(ctx, entity, asked)
    data = Explanation(entity, asked, who, record, live).to_dict()
    if request.record_ids:
        data["records"] = await _explain_many(ctx, entity, asked, who, request.record_ids)
    if request.listed is not None and key is not None:
        data["list"] = await _explain_list(ctx, entity, who, key, request.listed)
    await check_current(ctx.database, ctx.model)
    return Response(body=exact.dumps({"data": data}))


@under_schema
async def check_listed(ctx: RequestContext, request: contracts.CheckListed) -> Response:
    entity = ctx.model.entity(request.entity)
    scope = ctx.scope()
    check_parameters(scope, entity, request)
    reading = grant_for(entity, "read", ctx.caller)
    key = await key_named(ctx, entity, request.id)
    row = await read(ctx, now_statement(entity, key))
    record = exact.loads(row["record"]) if row["record"] is not None else None
    # What the caller may see nowhere is answered like what is not there.
    seeing = [reading] if row["live"] else [reading, granted(entity, "delete", ctx.caller)]
    if record is None or not all(grant is not None and grant.covers(record) for grant in seeing):
        raise not_found("Record")
    return Response(body=exact.dumps({"data": await _membership(ctx, scope, entity, key, request.query)}))


async def _explain_list(ctx: RequestContext, entity: EntityModel, who: Person, key: KeyValue, query: str) -> Any:
    """Whether a list shows a record to somebody else. Raises what the list raises for them."""
    pairs = parse_qsl(query.removeprefix("?"), keep_blank_values=True)
    contracts.CheckListed.parameters.check([name for name, _ in pairs], entity.fields)
    scope = Scope(ctx.model, Identity(who.id, who.email, who.roles))
    if granted(entity, "read", scope.caller) is None:
        return {"listed": False, "checks": [NO_POLICY]}
    return await _membership(ctx, scope, entity, key, pairs)


async def _membership(
    ctx: RequestContext, scope: Scope, entity: EntityModel, key: KeyValue, pairs: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    """Whether a list has a record, and what each of its conditions says."""
    sql, values, criteria = membership_statement(ctx.model, scope, entity, key, pairs)
    checks = checks_of(criteria, pairs, await read(ctx, (sql, values)))
    return {"listed": all(check["holds"] for check in checks), "checks": checks}


async def _explain_many(
    ctx: RequestContext, entity: EntityModel, asked: AccessQuestion, who: Person, record_ids: Sequence[str]
) -> list[dict[str, Any]]:
    """The explanation for each of these records, without what all have in common."""
    keys = {record_id: _key(entity, record_id) for record_id in record_ids}
    rows = await ctx.database.fetch(many_now_sql(entity), list({key for key in keys.values() if key is not None}))
    there: dict[str, tuple[Record, bool]] = {row["key"]: (exact.loads(row["record"]), row["live"]) for row in rows}
    found = []
    for record_id, key in keys.items():
        if key is None or key not in there:
            found.append({"id": record_id, "verdict": "missing", "reason": "There is no such record"})
            continue
        whole = Explanation(entity, replace(asked, record_id=key), who, *there[key]).to_dict()
        found.append({**whole["record"], **{name: value for name, value in whole.items() if name not in SHARED}})
    return found


def _key(entity: EntityModel, record_id: str) -> str | None:
    try:
        return entity.key.text(entity.key.parse(record_id))
    except RocketError:
        return None


async def _load_record(
    ctx: RequestContext, entity: EntityModel, asked: AccessQuestion
) -> tuple[KeyValue | None, Record | None, bool]:
    """The record in question with its key, and whether it is live. Raises NOT_FOUND."""
    if asked.record_id is None:
        return None, None, False
    key = await key_named(ctx, entity, asked.record_id)
    row: Mapping[str, Any] = await read(ctx, now_statement(entity, key))
    if row["record"] is None:
        raise not_found("Record")
    return key, exact.loads(row["record"]), row["live"]
