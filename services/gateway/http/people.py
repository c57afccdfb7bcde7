"""What administrators do about users, invites, API keys and signing keys, as HTTP."""

from __future__ import annotations

from aiohttp import web

from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from services.gateway.http.accounts import json_object
from services.gateway.identity import api_keys, factors, invites, rotation, users
from services.gateway.identity.realms import realm_of
from services.gateway.state import State


async def list_users(state: State, request: web.Request, context: Context) -> Response:
    """All users."""
    return await users.list_users(realm_of(state, context.app))


async def get_user(state: State, request: web.Request, context: Context) -> Response:
    """One user."""
    return await users.get_user(realm_of(state, context.app), request.match_info["id"])


async def create_user(state: State, request: web.Request, context: Context) -> Response:
    """A new user."""
    return await users.create_user(realm_of(state, context.app), context, await json_object(state, request))


async def replace_user(state: State, request: web.Request, context: Context) -> Response:
    """A user anew; what changes ends their access tokens."""
    body = await json_object(state, request)
    return await users.replace_user(realm_of(state, context.app), context, request.match_info["id"], body)


async def delete_user(state: State, request: web.Request, context: Context) -> Response:
    """The end of a user."""
    return await users.delete_user(realm_of(state, context.app), context, request.match_info["id"])


async def remove_totp(state: State, request: web.Request, context: Context) -> Response:
    """Let a user in without a second factor who has lost it."""
    user_id = users.parse_id(request.match_info["id"])
    return await factors.take_away(realm_of(state, context.app), context, user_id)


async def list_invites(state: State, request: web.Request, context: Context) -> Response:
    """All invites, newest first."""
    return await invites.list_invites(realm_of(state, context.app))


async def get_invite(state: State, request: web.Request, context: Context) -> Response:
    """One invite."""
    return await invites.get_invite(realm_of(state, context.app), request.match_info["id"])


async def create_invite(state: State, request: web.Request, context: Context) -> Response:
    """An invite, with its token, which is shown once."""
    return await invites.create_invite(realm_of(state, context.app), context, await json_object(state, request))


async def create_invites(state: State, request: web.Request, context: Context) -> Response:
    """Many invites at once; who can't be invited is skipped."""
    return await invites.create_many(realm_of(state, context.app), context, await json_object(state, request))


async def delete_invite(state: State, request: web.Request, context: Context) -> Response:
    """Take an invite back."""
    return await invites.delete_invite(realm_of(state, context.app), context, request.match_info["id"])


async def list_api_keys(state: State, request: web.Request, context: Context) -> Response:
    """All API keys, without the keys themselves."""
    return await api_keys.list_keys(realm_of(state, context.app))


async def get_api_key(state: State, request: web.Request, context: Context) -> Response:
    """One API key, without the key itself."""
    return await api_keys.get_key(realm_of(state, context.app), request.match_info["id"])


async def create_api_key(state: State, request: web.Request, context: Context) -> Response:
    """An API key, shown this once."""
    return await api_keys.create_key(realm_of(state, context.app), context, await json_object(state, request))


async def delete_api_key(state: State, request: web.Request, context: Context) -> Response:
    """The end of an API key."""
    return await api_keys.delete_key(realm_of(state, context.app), context, request.match_info["id"])


async def list_signing_keys(state: State, request: web.Request, context: Context) -> Response:
    """The generations of the key that signs access tokens, without the keys themselves."""
    return await rotation.list_keys(realm_of(state, context.app))


async def rotate_signing_keys(state: State, request: web.Request, context: Context) -> Response:
    """A new key signs access tokens; those of former ones are good for `overlap` seconds more."""
    body = await json_object(state, request) if request.can_read_body else {}
    return await rotation.rotate(realm_of(state, context.app), context, body)
