"""One-click unsubscription of mails (RFC 8058): mail programs post to the address in List-Unsubscribe."""

from __future__ import annotations

from urllib.parse import quote

from aiohttp import web

from libs.shared.contracts.context import SYSTEM, Context
from libs.shared.contracts.messages import Response
from libs.shared.contracts.notifications import Unsubscribe
from services.gateway.state import State

MAX_TOKEN_CHARACTERS = 2_000


async def unsubscribe(state: State, request: web.Request, context: Context) -> Response:
    """Mute what the mail was about; the token says whom it was sent to."""
    token = request.query.get("token", "")[:MAX_TOKEN_CHARACTERS]
    response: Response = await state.core.rpc.request(Unsubscribe(token), context.for_user(SYSTEM))
    return response


async def show_preferences(state: State, request: web.Request, context: Context) -> Response:
    """A person who opens the address sees their preferences, behind the login: looking changes nothing."""
    app = quote(context.the_app.name, safe="")
    return Response(302, headers={"Location": f"/admin/{app}/inbox/preferences"})
