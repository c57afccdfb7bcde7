"""Login, refresh, logout, and the users of an app, as HTTP."""

from __future__ import annotations

from typing import Any

import orjson
from aiohttp import web

from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Answer
from libs.shared.errors import RocketError
from services.gateway.http.idempotency import body_of
from services.gateway.identity import sessions, users
from services.gateway.state import State


async def login(state: State, request: web.Request, context: Context) -> Answer:
    return await sessions.login(sessions.realm_of(state, context.app), await _lenient(state, request))


async def refresh(state: State, request: web.Request, context: Context) -> Answer:
    return await sessions.refresh(sessions.realm_of(state, context.app), await _lenient(state, request))


async def logout(state: State, request: web.Request, context: Context) -> Answer:
    return await sessions.logout(sessions.realm_of(state, context.app), await _lenient(state, request))


async def list_users(state: State, request: web.Request, context: Context) -> Answer:
    return await users.list_users(state, context)


async def get_user(state: State, request: web.Request, context: Context) -> Answer:
    return await users.get_user(state, context, request.match_info["id"])


async def create_user(state: State, request: web.Request, context: Context) -> Answer:
    return await users.create_user(state, context, await _object(state, request))


async def replace_user(state: State, request: web.Request, context: Context) -> Answer:
    return await users.replace_user(state, context, request.match_info["id"], await _object(state, request))


async def delete_user(state: State, request: web.Request, context: Context) -> Answer:
    return await users.delete_user(state, context, request.match_info["id"])


async def _object(state: State, request: web.Request) -> dict[str, Any]:
    """The JSON object in the body. Raises INVALID_PAYLOAD."""
    try:
        body = orjson.loads(await body_of(state, request))
    except orjson.JSONDecodeError:
        raise RocketError("INVALID_PAYLOAD", "The body is not valid JSON") from None
    if not isinstance(body, dict):
        raise RocketError("INVALID_PAYLOAD", "The body must be a JSON object")
    return body


async def _lenient(state: State, request: web.Request) -> dict[str, Any]:
    """Credentials: what is missing or unreadable is as good as wrong, so that it answers 401."""
    try:
        return await _object(state, request)
    except RocketError as error:
        if error.code == "INVALID_PAYLOAD":
            return {}
        raise
