"""How an app presents itself: asked for by login pages, so without a token."""

from __future__ import annotations

import hashlib

import orjson
from aiohttp import web

from libs.shared.contracts.apps import GetApp
from libs.shared.contracts.context import SYSTEM, Context
from libs.shared.contracts.messages import Response
from services.gateway.state import State


async def branding(state: State, request: web.Request, context: Context) -> Response:
    """The app's name, logo, colour and links, as its settings say."""
    settings = (await state.core.schemas.get(context.the_app)).settings
    shown = settings.branding
    data = {
        "name": shown.name or await _display_name(state, context),
        "logo": shown.logo,
        "colour": shown.colour,
        "links": [link.model_dump() for link in settings.links],
    }
    body = orjson.dumps({"data": data})
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("If-None-Match") == tag:
        return Response(304, headers=headers)
    return Response(body=body, headers=headers)


async def _display_name(state: State, context: Context) -> str:
    app: Response = await state.core.rpc.request(GetApp(context.the_app.name), context.for_user(SYSTEM))
    name: str = orjson.loads(app.body)["data"]["display_name"]
    return name
