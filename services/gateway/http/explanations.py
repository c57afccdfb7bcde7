"""Explains and compares access: identity finds the users, the data service evaluates the policies."""

from __future__ import annotations

from aiohttp import web

from libs.shared import clock
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.contracts.permissions import (
    EFFECT_TIMEOUT_S,
    MAX_AFFECTED,
    CheckPolicies,
    ComparePolicies,
    EffectBody,
)
from libs.shared.contracts.trials import ExplainAccess, ExplainBody
from libs.shared.errors import invalid_field
from libs.shared.ids import parse_uuid
from services.gateway.identity.store import users
from services.gateway.state import State


async def explain(state: State, request: web.Request, context: Context, body: ExplainBody) -> Response:
    """Why a user, or a caller with roles, may or may not do something: per policy, condition, record and field."""
    who = ("", "", body.roles or []) if body.user is None else await _find(state, context, body.user)
    record_id = None if body.record_id is None else str(body.record_id)
    record_ids = [str(each) for each in body.record_ids or ()]
    rpc_request = ExplainAccess(who, body.action, body.entity, record_id, body.field, record_ids, body.listed)
    return await state.core.rpc.request(rpc_request, context)


async def compare_permissions(state: State, request: web.Request, context: Context, body: EffectBody) -> Response:
    """What a changed set of permissions would open or close: for each role, and for the users who have one of these."""
    checked = await state.core.rpc.request(CheckPolicies(body.permissions), context)
    context = context.until(clock.unix() + EFFECT_TIMEOUT_S)
    database = state.core.databases.of(context.the_app)
    rows = await users.find_people(database, await users.list_roles(database), [], [], MAX_AFFECTED)
    people = [(row["id"], row["email"], list(row["roles"])) for row in rows if "admin" not in row["roles"]]
    rpc_request = ComparePolicies(checked.permissions, body.entity, people)
    return await state.core.rpc.request(rpc_request, context)


async def _find(state: State, context: Context, user: str) -> tuple[str, str, list[str]]:
    """Id, address and roles of a user of the app, by id or address. Raises VALIDATION_FAILED."""
    database = state.core.databases.of(context.the_app)
    user_id = parse_uuid(user)
    if user_id is not None:
        row = await users.find(database, user_id)
    else:
        row = await users.find_by_email(database, user) if "\x00" not in user else None
    if row is None:
        raise invalid_field("user", "There is no such user")
    return row["id"], row["email"], list(row["roles"])
