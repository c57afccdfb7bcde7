"""Second factors: enrolled, confirmed, asked for at every login, taken away."""

from __future__ import annotations

import uuid
from typing import Any

import orjson

from libs.shared import clock
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.errors import RocketError, invalid_field, not_found
from libs.shared.postgres.databases import Record
from libs.shared.schema.validation_errors import refuse_unknown
from services.gateway.identity import audit, login_throttle, totp
from services.gateway.identity.encryption import Undecryptable
from services.gateway.identity.realms import Realm, own_realm
from services.gateway.identity.reauthentication import reauthenticate
from services.gateway.identity.store import factors as store
from services.gateway.identity.store import users
from services.gateway.identity.tokens import unauthorized
from services.gateway.state import State

WRONG = "Unknown account or wrong password"
"""The same words as for a wrong password."""
SECRET = {"Cache-Control": "no-store"}


class Missing(Exception):
    """There is a second factor, and no code was sent."""

    def __init__(self) -> None:
        super().__init__("no code")
        self.error = RocketError("TOTP_REQUIRED", "A one-time code is needed: send it as totp")


async def check_login(realm: Realm, user: Any, code: str) -> None:
    """Pass for whoever has no second factor, or sends a good code. Raises Missing, UNAUTHORIZED."""
    if user["totp"] is None:
        return
    if not code:
        raise Missing
    if not await _is_good(realm, uuid.UUID(user["id"]), user["totp"], code):
        raise unauthorized("invalid", WRONG)


async def enroll(state: State, context: Context, body: dict[str, Any]) -> Response:
    """A new secret for the caller, who proves by `password` to be there. It counts once it is confirmed."""
    refuse_unknown(body, ("password",))
    realm, caller = own_realm(state, context)
    user = await reauthenticate(realm, context, body, "password")
    secret = totp.new_secret()
    if not await store.enroll(
        realm.database, uuid.UUID(user["id"]), state.accounts.encryptor.encrypt(secret, user["id"])
    ):
        raise RocketError("INVALID_STATE", "There is a second factor already: disable it first")
    issuer = realm.app.name if realm.app else "Rocket"
    data = {"secret": totp.shown_secret(secret), "uri": totp.uri(secret, issuer, caller.email)}
    return Response(201, orjson.dumps({"data": data}), dict(SECRET))


async def confirm(state: State, context: Context, body: dict[str, Any]) -> Response:
    """The second factor is asked for from now on, proved by `totp`. Answers recovery codes, shown once."""
    refuse_unknown(body, ("totp",))
    realm, caller = own_realm(state, context)
    user_id = uuid.UUID(caller.id)
    found = await store.find(realm.database, user_id)
    if found is None or found["confirmed_at"] is not None:
        raise RocketError("INVALID_STATE", "There is nothing to confirm: enroll first")
    attempt = await login_throttle.admit(realm, caller.email, context.ip)
    step = totp.matching_step(_opened(realm, found["secret"], caller.id), str(body.get("totp", "")), clock.unix())
    if step is None:
        raise invalid_field("totp", "totp is not the code of this moment", "totp")
    await login_throttle.succeeded(realm, attempt)
    codes = totp.new_recovery_codes()
    hashes = [code_hash for code in codes if (code_hash := totp.recovery_hash(code))]
    async with audit.change(realm, context) as change:
        if not await store.confirm(change.transaction, user_id, step, hashes):
            raise RocketError("INVALID_STATE", "There is nothing to confirm: enroll first")
        await change.tell("_users", caller.id, "update", {"totp": False}, {"totp": True})
    return Response(body=orjson.dumps({"data": {"enabled": True, "recovery_codes": codes}}), headers=dict(SECRET))


async def disable(state: State, context: Context, body: dict[str, Any]) -> Response:
    """No second factor any more, proved by `password` and a good `totp`, or recovery code."""
    refuse_unknown(body, ("password", "totp"))
    realm, caller = own_realm(state, context)

    async def code_is_good(user: Record) -> None:
        sent = str(body.get("totp", ""))
        if user["totp"] is not None and not await _is_good(realm, uuid.UUID(user["id"]), user["totp"], sent):
            raise invalid_field("totp", "totp is not a code that is good now", "totp")

    await reauthenticate(realm, context, body, "password", code_is_good)
    return await _remove(realm, context, uuid.UUID(caller.id))


async def take_away(realm: Realm, context: Context, user_id: uuid.UUID) -> Response:
    """For admins: let a user who has lost everything in with the password alone."""
    return await _remove(realm, context, user_id)


async def _remove(realm: Realm, context: Context, user_id: uuid.UUID) -> Response:
    async with audit.change(realm, context) as change:
        if await users.lock(change.transaction, user_id) is None:
            raise not_found("User")
        if await store.remove(change.transaction, user_id):
            await change.tell("_users", str(user_id), "update", {"totp": True}, {"totp": False})
    return Response(body=b'{"data":{"enabled":false}}')


async def _is_good(realm: Realm, user_id: uuid.UUID, sealed: bytes, code: str) -> bool:
    """Whether a code is good; it is used up by this."""
    code_hash = totp.recovery_hash(code)
    if code_hash is not None:
        return await store.use_recovery(realm.database, user_id, code_hash)
    step = totp.matching_step(_opened(realm, sealed, str(user_id)), code.replace(" ", ""), clock.unix())
    return step is not None and await store.use_step(realm.database, user_id, step)


def _opened(realm: Realm, sealed: bytes, user_id: str) -> bytes:
    try:
        return realm.state.accounts.encryptor.decrypt(sealed, user_id)
    except Undecryptable:
        # An operator has changed the platform's secret and not said the former one.
        raise RocketError("SERVICE_UNAVAILABLE", "The second factor can't be read: see previous_secret_keys") from None
