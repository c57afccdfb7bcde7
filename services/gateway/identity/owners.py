"""Who started work that goes on without them, as they are now: the rights that count are today's."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from libs.shared import clock
from libs.shared.contracts.context import AppRef, Identity
from libs.shared.errors import RocketError
from libs.shared.ids import parse_uuid
from services.gateway.identity.realms import Accounts
from services.gateway.identity.store import api_keys, users


async def present_identity(accounts: Accounts, app: AppRef, owner: Identity) -> Identity:
    """The owner with the roles and scopes that they have now. Raises FORBIDDEN if they are gone or inactive."""
    if owner.via == "api_key":
        return await _key(accounts, app, owner)
    realm = accounts.realm(None if owner.via == "platform" else app)
    user = await users.find_active(realm.database, owner.id)
    if user is None:
        raise RocketError("FORBIDDEN", f"{owner.email} is not an active user any more")
    roles = ("admin",) if owner.via == "platform" else tuple(user["roles"])
    return replace(owner, email=user["email"], roles=roles, credential=None)


async def _key(accounts: Accounts, app: AppRef, owner: Identity) -> Identity:
    parsed = parse_uuid(owner.id)
    key = await api_keys.get(accounts.databases.of(app), parsed) if parsed is not None else None
    if key is None:
        raise RocketError("FORBIDDEN", "The API key is deleted")
    if key["expires_at"] is not None and not clock.is_ahead(datetime.fromisoformat(key["expires_at"])):
        raise RocketError("FORBIDDEN", "The API key has expired")
    scopes = key["scopes"]
    narrowed = None if scopes is None else tuple((each["entity"], tuple(each["actions"])) for each in scopes)
    return replace(owner, roles=tuple(key["roles"]), scopes=narrowed, credential=None)
