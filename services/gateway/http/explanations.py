"""Why somebody may do something: who it is about is known here, what they may is known to the data service."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from libs.shared.bodies import read_object
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.contracts.records import ExplainAccess
from libs.shared.errors import invalid_field
from libs.shared.ids import parse_uuid
from libs.shared.schema.validation_errors import refuse_unknown
from services.gateway.http.forwarding import read_body
from services.gateway.identity.store import users
from services.gateway.state import State

QUESTION = ("user", "roles", "action", "entity", "record_id", "field")


async def explain(state: State, request: web.Request, context: Context) -> Response:
    """Why a user, or somebody with roles, may or may not do something: per policy, condition, record and field."""
    body = await read_body(state, request)
    who = await _who(state, context, read_object(body))
    answer: Response = await state.core.rpc.request(ExplainAccess(who, body), context)
    return answer


async def _who(state: State, context: Context, document: dict[str, Any]) -> tuple[str, str, list[str]]:
    """Id, e-mail address and roles: those of a user of the app (by id or address), or just roles."""
    refuse_unknown(document, QUESTION)
    user, roles = document.get("user"), document.get("roles")
    if (user is None) == (roles is None):
        raise invalid_field("user", "Either user (an id or e-mail address) or roles must be given")
    if user is None:
        if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
            raise invalid_field("roles", "roles must be a list of strings")
        return "", "", roles
    found = await _find(state, context, user) if isinstance(user, str) else None
    if found is None:
        raise invalid_field("user", "There is no such user")
    return found


async def _find(state: State, context: Context, user: str) -> tuple[str, str, list[str]] | None:
    database = state.core.databases.of(context.the_app)
    user_id = parse_uuid(user)
    if user_id is not None:
        row = await users.find(database, user_id)
    else:
        row = await users.find_by_email(database, user) if "\x00" not in user else None
    return (row["id"], row["email"], list(row["roles"])) if row else None
