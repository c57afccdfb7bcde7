"""The caller's own account: who am I, another password."""

from __future__ import annotations

import uuid
from typing import Any

import orjson

from libs.shared.contracts.accounts import PasswordChangeBody
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from services.gateway.identity import audit, sessions
from services.gateway.identity.realms import Realm
from services.gateway.identity.reauthentication import reauthenticate
from services.gateway.identity.store import factors, users
from services.gateway.identity.store import sessions as session_store
from services.gateway.identity.tokens import unauthorized


async def me(realm: Realm, context: Context) -> Response:
    """Who the caller is: an account of this place, one of the platform within an app, or an API key."""
    caller = context.user
    data: dict[str, Any] = {"id": caller.id, "email": caller.email, "roles": list(caller.roles), "via": caller.via}
    if caller.scopes is not None:
        data["scopes"] = [{"entity": name, "actions": list(actions)} for name, actions in caller.scopes]
    proof = caller.credential
    if proof is not None and proof.user[0] == realm.scope and caller.via != "api_key":
        user_id = uuid.UUID(caller.id)
        row = await users.get(realm.database, user_id)
        if row is None:
            raise unauthorized("revoked")
        found = await factors.find(realm.database, user_id)
        enabled = found is not None and found["confirmed_at"] is not None
        data |= {**orjson.loads(row), "totp": enabled}
        if proof.viewer is not None:
            data["view_as"] = {"id": proof.viewer.id, "email": proof.viewer.email}
        else:
            data["session_id"] = proof.id
        if enabled:
            data["recovery_codes_left"] = await factors.recovery_left(realm.database, user_id)
    return Response(body=orjson.dumps({"data": data}))


async def change_password(realm: Realm, context: Context, body: PasswordChangeBody) -> Response:
    """Another password for the caller, who proves to know the present one.

    All sessions end; the answer is a new one. Raises UNAUTHORIZED for a user who is changed meanwhile: otherwise a
    thief who knows the former password could replace the new one.
    """
    caller = realm.own_account(context)
    password = realm.accounts.passwords.check_policy(body.password)
    user = await reauthenticate(realm, context, body.current_password, "current_password")
    hashed = await realm.accounts.passwords.hash(password)
    user_id = uuid.UUID(caller.id)
    async with audit.change_user(realm, context, user_id) as change:
        change.version = await users.change_password(change.transaction, user_id, user["version"], hashed)
        if change.version is None:
            raise unauthorized("revoked")
        await session_store.end_all(change.transaction, user_id)
        user_now = {**dict(user), "version": change.version}
        answer = await sessions.begin(realm, change.transaction, user_now, context)
        await change.record("_users", caller.id, "update", {"password": None}, {"password": "***"})
    return answer
