"""Webhooks as GET returns them: the definition from metadata, with the endpoint's health from webhook."""

from __future__ import annotations

from typing import Any

import orjson
from aiohttp import web

from libs.shared.contracts.context import Context
from libs.shared.contracts.definitions import GetDefinition, ListDefinitions
from libs.shared.contracts.messages import Response
from libs.shared.contracts.webhooks import LookAtEndpoints
from libs.shared.errors import RocketError
from services.gateway.state import State

KIND = "webhooks"
HEALTHY: dict[str, Any] = {"circuit": "closed", "failing_since": None, "next_try_at": None, "last_error": None}
UNKNOWN: dict[str, Any] = dict.fromkeys(HEALTHY)


async def list_webhooks(state: State, request: web.Request, context: Context) -> Response:
    """All webhooks; `circuit` is the state of each endpoint, null while the webhook service is down."""
    answer = await state.core.rpc.request(ListDefinitions(KIND), context)
    return await _with_health(state, context, answer)


async def get_webhook(state: State, request: web.Request, context: Context) -> Response:
    """One webhook, with how its endpoint is."""
    answer = await state.core.rpc.request(
        GetDefinition(KIND, request.match_info["id"], list(request.query.items())), context
    )
    return await _with_health(state, context, answer)


async def _with_health(state: State, context: Context, answer: Response) -> Response:
    data = orjson.loads(answer.body)["data"]
    rows = data if isinstance(data, list) else [data]
    try:
        rpc_request = LookAtEndpoints({row["id"]: row["url"] for row in rows})
        known = (await state.core.rpc.request(rpc_request, context)).states
    except RocketError:
        known = {row["id"]: UNKNOWN for row in rows}
    for row in rows:
        row |= known.get(row["id"], HEALTHY)
    return Response(answer.status, orjson.dumps({"data": data}), answer.headers)
