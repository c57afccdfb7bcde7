"""Explains to admins why an action is allowed or denied to a user."""

from __future__ import annotations

from libs.shared import clock, exact
from libs.shared.contracts import records as contracts
from libs.shared.contracts.messages import Response
from libs.shared.errors import invalid_field, not_found
from libs.shared.permissions.checks import Person
from services.data.model import EntityModel
from services.data.model.version import check_current
from services.data.permissions.explanation import AccessQuestion, Explanation, Record
from services.data.query.statements import now_statement
from services.data.request.context import RequestContext
from services.data.request.execution import read
from services.data.request.record_keys import key_named
from services.data.request.schema_fence import under_schema


@under_schema
async def explain_access(ctx: RequestContext, request: contracts.ExplainAccess) -> Response:
    asked = AccessQuestion(request.action, request.entity, request.record_id, request.field)
    who = Person(request.who[0], request.who[1], tuple(request.who[2]), clock.now())
    if asked.entity not in ctx.model.schema.entities:
        raise invalid_field("entity", f"Unknown entity: {asked.entity}")
    entity = ctx.model.entity(asked.entity)
    if asked.field is not None and asked.field not in entity.fields:
        raise invalid_field("field", f"{entity.name} has no field {asked.field}")
    record, live = await _load_record(ctx, entity, asked)
    await check_current(ctx.database, ctx.model)
    explanation = Explanation(entity, asked, who, record, live)
    return Response(body=exact.dumps({"data": explanation.to_dict()}))


async def _load_record(ctx: RequestContext, entity: EntityModel, asked: AccessQuestion) -> tuple[Record | None, bool]:
    """The record in question, and whether it is live. Raises NOT_FOUND."""
    if asked.record_id is None:
        return None, False
    key = await key_named(ctx, entity, asked.record_id)
    row = await read(ctx, now_statement(entity, key))
    if row["record"] is None:
        raise not_found("Record")
    return exact.loads(row["record"]), row["live"]
