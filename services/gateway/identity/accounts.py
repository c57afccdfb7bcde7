"""What callers do with their own account: who am I, another password."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

import orjson

from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.postgres.databases import after_commit
from libs.shared.schema.validation_errors import refuse_unknown
from services.gateway.identity import audit
from services.gateway.identity import sessions as own_sessions
from services.gateway.identity.realms import own_realm, realm_of
from services.gateway.identity.reauthentication import reauthenticate
from services.gateway.identity.store import factors, sessions, users
from services.gateway.identity.tokens import unauthorized
from services.gateway.state import State


async def me(state: State, context: Context) -> Response:
    """Who the caller is: an account of this place, one of the platform within an app, or an API key."""
    realm, caller = realm_of(state, context.app), context.user
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
        data |= {**orjson.loads(row), "session_id": proof.id, "totp": enabled}
        if enabled:
            data["recovery_codes_left"] = await factors.recovery_left(realm.database, user_id)
    return Response(body=orjson.dumps({"data": data}))


async def change_password(state: State, context: Context, body: dict[str, Any]) -> Response:
    """Another password for the caller, who proves to know the present one.

    All sessions end; the answer is a new one. Raises UNAUTHORIZED for whoever was changed while the password was
    looked at: else the former password could replace the one that was set against whoever knows it.
    """
    refuse_unknown(body, ("current_password", "password"))
    realm, caller = own_realm(state, context)
    password = state.accounts.passwords.check_policy(body.get("password"))
    user = await reauthenticate(realm, context, body, "current_password")
    hashed = await state.accounts.passwords.hash(password)
    user_id = uuid.UUID(caller.id)
    mark = await state.accounts.revocations.note(realm.scope, caller.id)
    async with audit.change(realm, context) as change:
        version = await users.change_password(change.transaction, user_id, user["version"], hashed)
        if version is None:
            raise unauthorized("revoked")
        await sessions.end_all(change.transaction, user_id)
        answer = await own_sessions.begin(realm, change.transaction, {**dict(user), "version": version}, context)
        await change.tell("_users", caller.id, "update", {"password": None}, {"password": "***"})
    await after_commit(partial(state.accounts.revocations.settle, mark, version))
    return answer
