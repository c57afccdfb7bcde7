"""HTTP handlers of accounts: the platform and every app have the same ones, each below its own path."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from functools import wraps

from aiohttp import web

from libs.shared.contracts.bodies import RequestBody
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.parameters import NONE, Parameters
from services.gateway.routing.route import Local
from services.gateway.state import State

Operation = Callable[..., Awaitable[Response]]
"""`(realm, context)`, then by name: `…_id` the path's id, `body` the parsed body, others parameters of the query."""


def in_realm(
    operation: Operation,
    body: type[RequestBody] | None = None,
    *,
    parameters: Parameters = NONE,
    idempotent: bool = False,
) -> Local:
    """A route that an operation answers, in the realm of the app in the path, or of the platform."""
    names = inspect.signature(operation).parameters
    of_path = [name for name in names if name.endswith("_id")]

    @wraps(operation)
    async def handler(state: State, request: web.Request, context: Context, *parsed: RequestBody) -> Response:
        values: dict[str, object] = {name: request.query.get(name) for name in parameters.names}
        for name in of_path:
            values[name] = request.match_info["id"]
        if parsed:
            values["body"] = parsed[0]
        return await operation(state.accounts.realm(context.app), context, **values)

    return Local(handler, parameters, body, idempotent)
