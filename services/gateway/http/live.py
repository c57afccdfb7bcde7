"""`/_live`: streams of what happens, and the tickets by which browsers get at them."""

from __future__ import annotations

import re
from dataclasses import replace

from aiohttp import web

from libs.shared import clock
from libs.shared.contracts.context import Context
from libs.shared.contracts.events import ListNewEvents
from libs.shared.contracts.live import ListChanges
from libs.shared.contracts.messages import Response
from libs.shared.errors import RocketError
from services.gateway.http import authentication
from services.gateway.identity.tokens import unauthorized
from services.gateway.live import tickets
from services.gateway.live.activity_stream import ActivityStream
from services.gateway.live.event_stream import EventStream, Watch, ticket_answer
from services.gateway.live.inbox_stream import InboxStream
from services.gateway.live.sessions import Session, session_of
from services.gateway.routing.route import Access
from services.gateway.state import State

POSITION = re.compile(r"[0-9]{1,18}")
OWN_PARAMETERS = ("ticket", "after")
"""Parameters that are not a list's."""
EVENTS_PARAMETERS = replace(ListNewEvents.parameters, names=ListNewEvents.parameters.names.union(OWN_PARAMETERS))
PARAMETERS = replace(ListChanges.parameters, names=ListChanges.parameters.names.union(OWN_PARAMETERS))


async def watch_entity(state: State, request: web.Request, context: Context) -> web.StreamResponse:
    """What happens to an entity's records that a list with these filters would show, commit by commit."""
    query = [(name, value) for name, value in request.query.items() if name not in OWN_PARAMETERS]
    return await _watch(state, request, context, Watch([request.match_info["entity"]], query, _after(request)))


async def watch_entities(state: State, request: web.Request, context: Context) -> web.StreamResponse:
    """What happens to the records of several entities, commit by commit."""
    names = [name.strip() for name in request.query.get("entities", "").split(",") if name.strip()]
    if not names:
        raise RocketError("INVALID_PAYLOAD", "entities must name the entities to watch")
    return await _watch(state, request, context, Watch(names, [], _after(request)))


async def watch_events(state: State, request: web.Request, context: Context) -> web.StreamResponse:
    """New events and spans of the app that the list would show with these filters."""
    query = [(name, value) for name, value in request.query.items() if name not in OWN_PARAMETERS]
    session = await _session(state, request, context, Access.ADMIN)
    if not session.identity.is_admin:
        raise RocketError("FORBIDDEN", "Only admins may do this")
    watch = Watch([], query, _after(request))
    with state.streams.admit(context.the_app.id, session.identity.id):
        return await ActivityStream(state.stream_sources, request, context, session, watch).run()


async def watch_inbox(state: State, request: web.Request, context: Context) -> web.StreamResponse:
    """New notifications in the caller's inbox."""
    session = await _session(state, request, context)
    watch = Watch([], [], _after(request))
    with state.streams.admit(context.the_app.id, session.identity.id):
        return await InboxStream(state.stream_sources, request, context, session, watch).run()


async def ticket(state: State, request: web.Request, context: Context) -> Response:
    """A ticket that opens one live stream, instead of a token in the URL."""
    database = state.core.databases.of(context.the_app)
    issued = await tickets.issue(database, session_of(context.user, clock.unix()))
    return Response(201, ticket_answer(issued, tickets.LIFETIME_S), {"Cache-Control": "no-store"})


async def _watch(state: State, request: web.Request, context: Context, watch: Watch) -> web.StreamResponse:
    session = await _session(state, request, context)
    with state.streams.admit(context.the_app.id, session.identity.id):
        return await EventStream(state.stream_sources, request, context, session, watch).run()


async def _session(state: State, request: web.Request, context: Context, access: Access = Access.USER) -> Session:
    if "ticket" in request.query:
        session = await tickets.redeem(state.core.databases.of(context.the_app), request.query["ticket"])
        if not session.good(state.accounts.tokens):
            raise unauthorized("revoked", "What the ticket was issued for has ended")
        return session
    context = await authentication.authenticate(state, request, context, access)
    return session_of(context.user, clock.unix())


def _after(request: web.Request) -> int | None:
    """The position to continue at: from the header of a reconnecting browser, or from the URL of a new client."""
    text = request.headers.get("Last-Event-ID") or request.query.get("after")
    if text is None:
        return None
    if not POSITION.fullmatch(text):
        raise RocketError("INVALID_PAYLOAD", "Last-Event-ID must be the id of an event")
    return int(text)
