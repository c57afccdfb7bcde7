"""API keys of an app: made and taken away by admins, used by programs."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

import orjson

from libs.shared import clock
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.errors import Refusals, RocketError, invalid_field, not_found
from libs.shared.schema import policies
from libs.shared.schema.validation_errors import refuse_unknown
from services.gateway.identity import audit, sessions
from services.gateway.identity.credentials import PREFIX, hash_of
from services.gateway.identity.realms import Realm
from services.gateway.identity.store import api_keys as store
from services.gateway.identity.users import parse_id, parse_roles

SHOWN = 8
"""Characters of a key that are kept to know it by."""
LONGEST_NAME = 100
MOST = 1_000
"""Keys of one app."""
MOST_SCOPES = 200
AREAS = ("_files", "_events", "_workflows", "_notifications")
"""What beside entities a key can be narrowed to: the routes that begin like this."""


async def list_keys(realm: Realm) -> Response:
    return Response(body=b'{"data":%s}' % await store.list_all(realm.database))


async def get_key(realm: Realm, key_id: str) -> Response:
    row = await store.get(realm.database, parse_id(key_id, "API key"))
    if row is None:
        raise not_found("API key")
    return Response(body=orjson.dumps({"data": row}))


async def create_key(realm: Realm, context: Context, body: dict[str, Any]) -> Response:
    """A key, shown this once. Raises VALIDATION_FAILED naming the field."""
    name, expires_at, roles, scopes = _parsed(body)
    key = PREFIX + secrets.token_urlsafe(32)
    async with audit.change(realm, context) as change:
        if await store.count(change.transaction) >= MOST:
            raise RocketError("CONFLICT", f"An app may have {MOST} API keys")
        identified = (key[: len(PREFIX) + SHOWN], hash_of(key))
        row = await store.insert(change.transaction, name, identified, roles, scopes, expires_at, context.user.id)
        await change.tell("_api_keys", row["id"], "create", None, _told(row))
    return Response(201, orjson.dumps({"data": {**row, "key": key}}), dict(sessions.SECRET))


async def delete_key(realm: Realm, context: Context, key_id: str) -> Response:
    """The end of a key, within seconds at every gateway."""
    identifier = parse_id(key_id, "API key")
    if await store.get(realm.database, identifier) is None:
        raise not_found("API key")
    await realm.state.accounts.revocations.end(realm.scope, [str(identifier)])
    async with audit.change(realm, context) as change:
        row = await store.delete(change.transaction, identifier)
        if row is None:
            raise not_found("API key")
        await change.tell("_api_keys", row["id"], "delete", _told(row), None)
    return Response(body=orjson.dumps({"data": {"id": row["id"], "deleted": True}}))


def _parsed(body: dict[str, Any]) -> tuple[str, datetime | None, list[str], list[dict[str, Any]] | None]:
    """Name, end, roles and scopes. Raises VALIDATION_FAILED naming every field that is wrong."""
    refusals = Refusals()
    refusals.of(refuse_unknown, body, ("name", "scopes", "roles", "expires_at"))
    name = refusals.of(_parse_name, body.get("name"))
    expires_at = refusals.of(_parse_expiry, body.get("expires_at"))
    roles, scopes = refusals.of(parse_roles, body), refusals.of(_parse_scopes, body.get("scopes"))
    refusals.tell()
    if not roles and scopes is None:
        raise invalid_field("roles", "A key needs roles, scopes or both", "required")
    return name, expires_at, roles, scopes


def _parse_name(name: object) -> str:
    if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise invalid_field("name", f"name must have 1 to {LONGEST_NAME} printable characters", "required")
    return name.strip()


def _parse_expiry(text: object) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise invalid_field("expires_at", "expires_at must be a time with an offset")
    try:
        past = moment <= clock.now()
        moment.timestamp()
    except (OverflowError, ValueError):
        past = True
    if past:
        raise invalid_field("expires_at", "expires_at must lie ahead")
    return moment


def _parse_scopes(scopes: object) -> list[dict[str, Any]] | None:
    if scopes is None:
        return None
    if not isinstance(scopes, list) or not 1 <= len(scopes) <= MOST_SCOPES:
        raise invalid_field("scopes", f"scopes must be a list of 1 to {MOST_SCOPES}: {{entity, actions}}")
    return [_parse_scope(scope, f"scopes.{number}") for number, scope in enumerate(scopes)]


def _parse_scope(scope: object, where: str) -> dict[str, Any]:
    if isinstance(scope, dict):
        refuse_unknown(scope, ("entity", "actions"), where)
    entity, actions = (scope.get("entity"), scope.get("actions")) if isinstance(scope, dict) else (None, None)
    if not isinstance(entity, str) or not entity or len(entity) > 63 or "\x00" in entity:
        raise invalid_field("scopes", "each scope must name an entity, or * for all")
    if entity.startswith("_") and entity not in AREAS:
        raise invalid_field("scopes", f"beside entities, scopes may name {', '.join(AREAS)}")
    if not isinstance(actions, list) or not actions or any(action not in policies.ACTIONS for action in actions):
        raise invalid_field("scopes", f"actions must be some of {', '.join(policies.ACTIONS)}")
    return {"entity": entity, "actions": [action for action in policies.ACTIONS if action in actions]}


def _told(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("name", "prefix", "roles", "scopes", "expires_at")}
