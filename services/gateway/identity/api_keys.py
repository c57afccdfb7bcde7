"""API keys of an app: made and deleted by admins, used by programs."""

from __future__ import annotations

import secrets
from typing import Any

import orjson

from libs.shared import clock
from libs.shared.contracts.accounts import ApiKeyBody
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.errors import RocketError, invalid_field, not_found
from services.gateway.identity import audit, sessions
from services.gateway.identity.credentials import PREFIX, hash_of
from services.gateway.identity.paths import parse_id
from services.gateway.identity.realms import Realm
from services.gateway.identity.store import api_keys as store
from services.gateway.identity.store import users

PREFIX_CHARACTERS = 8
"""Characters of a key that are stored in clear, to know it by."""
MAX_KEYS = 1_000
"""Keys of one app."""


async def list_keys(realm: Realm, context: Context) -> Response:
    """All API keys, without the keys themselves."""
    return Response(body=b'{"data":%s}' % await store.list_all(realm.database))


async def get_key(realm: Realm, context: Context, key_id: str) -> Response:
    """One API key, without the key itself."""
    row = await store.get(realm.database, parse_id(key_id, "API key"))
    if row is None:
        raise not_found("API key")
    return Response(body=orjson.dumps({"data": row}))


async def create_key(realm: Realm, context: Context, body: ApiKeyBody) -> Response:
    """An API key, shown this once."""
    if body.expires_at is not None and not clock.is_ahead(body.expires_at):
        raise invalid_field("expires_at", "expires_at must lie ahead")
    key = PREFIX + secrets.token_urlsafe(32)
    scopes = None if body.scopes is None else [scope.model_dump() for scope in body.scopes]
    async with audit.change(realm, context) as change:
        if await store.count(change.transaction) >= MAX_KEYS:
            raise RocketError("CONFLICT", f"An app may have {MAX_KEYS} API keys")
        identified = (key[: len(PREFIX) + PREFIX_CHARACTERS], hash_of(key))
        values = (body.name, identified, body.roles, scopes, body.expires_at, context.user.id)
        row = await store.insert(change.transaction, *values)
        await change.record("_api_keys", row["id"], "create", None, _image(row))
    return Response(201, orjson.dumps({"data": {**row, "key": key}}), dict(sessions.NO_STORE))


async def delete_key(realm: Realm, context: Context, key_id: str) -> Response:
    """The end of an API key, within seconds at every gateway."""
    identifier = parse_id(key_id, "API key")
    if await store.get(realm.database, identifier) is None:
        raise not_found("API key")
    await realm.accounts.revocations.end(realm.scope, [str(identifier)])
    async with audit.change(realm, context) as change:
        row = await store.delete(change.transaction, identifier)
        if row is None:
            raise not_found("API key")
        await users.forget_views(change.transaction, identifier)
        await change.record("_api_keys", row["id"], "delete", _image(row), None)
    return Response(body=orjson.dumps({"data": {"id": row["id"], "deleted": True}}))


def _image(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("name", "prefix", "roles", "scopes", "expires_at")}
