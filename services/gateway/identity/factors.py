"""Second factors: enrolment, confirmation, and removal."""

from __future__ import annotations

import uuid

import orjson

from libs.shared import clock
from libs.shared.contracts.accounts import PasswordBody, TotpConfirmBody, TotpDisableBody
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.encryption import Undecryptable
from libs.shared.errors import RocketError, invalid_field, not_found
from libs.shared.postgres.databases import Record
from services.gateway.identity import audit, login_throttle, totp
from services.gateway.identity.paths import parse_id
from services.gateway.identity.realms import Realm
from services.gateway.identity.reauthentication import reauthenticate
from services.gateway.identity.sessions import NO_STORE, WRONG_LOGIN
from services.gateway.identity.store import factors as store
from services.gateway.identity.store import users
from services.gateway.identity.tokens import unauthorized

NOT_ENROLLED = "There is no enrolment to confirm: enroll first"


def code_required() -> RocketError:
    """The refusal of a login without a code, of a user who has a second factor."""
    return RocketError("TOTP_REQUIRED", "A one-time code is needed: send it as totp")


async def check_login(realm: Realm, user: Record, code: str) -> bool:
    """Whether a user needs no code or has sent a good one. Raises UNAUTHORIZED for a wrong one."""
    if user["totp"] is None:
        return True
    if code and not await _use_code(realm, user, code):
        raise unauthorized("invalid", WRONG_LOGIN)
    return bool(code)


async def enroll(realm: Realm, context: Context, body: PasswordBody) -> Response:
    """A secret for the caller's authenticator app; it counts once it is confirmed."""
    caller = realm.own_account(context)
    user = await reauthenticate(realm, context, body.password, "password")
    secret = totp.new_secret()
    encrypted = realm.accounts.encryptor.encrypt(secret, user["id"])
    if not await store.enroll(realm.database, uuid.UUID(user["id"]), encrypted):
        raise RocketError("INVALID_STATE", "There is a second factor already: disable it first")
    issuer = realm.app.name if realm.app else "Rocket"
    data = {"secret": totp.as_text(secret), "uri": totp.uri(secret, issuer, caller.email)}
    return Response(201, orjson.dumps({"data": data}), dict(NO_STORE))


async def confirm(realm: Realm, context: Context, body: TotpConfirmBody) -> Response:
    """Require a code at every login from now on; returns recovery codes, shown once."""
    caller = realm.own_account(context)
    user_id = uuid.UUID(caller.id)
    found = await store.find(realm.database, user_id)
    if found is None or found["confirmed_at"] is not None:
        raise RocketError("INVALID_STATE", NOT_ENROLLED)
    attempt = await login_throttle.admit(realm, caller.email, context.ip)
    step = totp.matching_step(_decrypted(realm, found["secret"], caller.id), body.totp, clock.unix())
    if step is None:
        raise invalid_field("totp", "totp is not the code of this moment", "totp")
    await login_throttle.succeeded(realm, attempt)
    codes = totp.new_recovery_codes()
    hashes = [code_hash for code in codes if (code_hash := totp.recovery_hash(code))]
    async with audit.change(realm, context) as change:
        if not await store.confirm(change.transaction, user_id, step, hashes):
            raise RocketError("INVALID_STATE", NOT_ENROLLED)
        await change.record("_users", caller.id, "update", {"totp": False}, {"totp": True})
    return Response(body=orjson.dumps({"data": {"enabled": True, "recovery_codes": codes}}), headers=dict(NO_STORE))


async def disable(realm: Realm, context: Context, body: TotpDisableBody) -> Response:
    """Remove the caller's factor. A confirmed one takes its code or a recovery code."""
    caller = realm.own_account(context)

    async def check_code(user: Record) -> None:
        if user["totp"] is not None and not await _use_code(realm, user, body.totp):
            raise invalid_field("totp", "totp is not a code that is good now", "totp")

    await reauthenticate(realm, context, body.password, "password", check_code)
    return await _remove(realm, context, uuid.UUID(caller.id))


async def remove_from_user(realm: Realm, context: Context, user_id: str) -> Response:
    """Let a user in without a second factor who has lost it."""
    return await _remove(realm, context, parse_id(user_id, "User"))


async def _remove(realm: Realm, context: Context, user_id: uuid.UUID) -> Response:
    async with audit.change(realm, context) as change:
        if await users.lock(change.transaction, user_id) is None:
            raise not_found("User")
        if await store.remove(change.transaction, user_id):
            await change.record("_users", str(user_id), "update", {"totp": True}, {"totp": False})
    return Response(body=b'{"data":{"enabled":false}}')


async def _use_code(realm: Realm, user: Record, code: str) -> bool:
    """Whether a code is good. It is used up by this."""
    user_id, code_hash = uuid.UUID(user["id"]), totp.recovery_hash(code)
    if code_hash is not None:
        return await store.use_recovery(realm.database, user_id, code_hash)
    secret = _decrypted(realm, user["totp"], user["id"])
    step = totp.matching_step(secret, code.replace(" ", ""), clock.unix())
    return step is not None and await store.use_step(realm.database, user_id, step)


def _decrypted(realm: Realm, encrypted: bytes, user_id: str) -> bytes:
    try:
        return realm.accounts.encryptor.decrypt(encrypted, user_id)
    except Undecryptable:
        # An operator has changed the platform's secret and not said the former one.
        raise RocketError("SERVICE_UNAVAILABLE", "The second factor can't be read: see previous_secret_keys") from None
