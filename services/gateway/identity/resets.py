"""Forgotten passwords: a mail with a token that is good once, for an hour."""

from __future__ import annotations

import uuid

from libs.shared.contracts.accounts import ForgotPasswordBody, TokenPasswordBody
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.errors import RocketError, not_found
from services.gateway.identity import audit, login_throttle, mails
from services.gateway.identity.realms import Realm
from services.gateway.identity.store import resets as store
from services.gateway.identity.store import sessions, users


async def forgot(realm: Realm, context: Context, body: ForgotPasswordBody) -> Response:
    """Have a token for a new password mailed, if there is such an account; the answer does not tell."""
    await login_throttle.admit_reset(realm, context.ip)
    realm.accounts.jobs.check_room()
    realm.accounts.jobs.begin("forgot", _mail_token(realm, context, body.email))
    return Response(202, b'{"data":{"accepted":true}}')


async def _mail_token(realm: Realm, context: Context, email: str) -> None:
    """Mail a token, unless the account has had too many of late."""
    issued = await store.issue(realm.database, email)
    if issued is not None:
        token, stored = issued
        # To the address that the account has, never to the one that was typed.
        await mails.reset(realm.accounts, context, stored, token)


async def reset(realm: Realm, context: Context, body: TokenPasswordBody) -> Response:
    """Set a new password with a mailed token; all sessions end."""
    password = realm.accounts.passwords.check_policy(body.password)
    user = await store.find(realm.database, body.token)
    if user is None:
        raise _invalid_token()
    hashed, user_id = await realm.accounts.passwords.hash(password), uuid.UUID(user["id"])
    async with audit.change_user(realm, context.for_user(None), user_id) as change:
        # Checked again: two requests may come with it at once.
        if not await store.use(change.transaction, body.token):
            raise _invalid_token()
        change.version = await users.set_password(change.transaction, user_id, hashed)
        if change.version is None:
            raise not_found("User")
        await sessions.end_all(change.transaction, user_id)
        await change.record("_users", user["id"], "update", {"password": None}, {"password": "***"})
    await login_throttle.known_place(realm, user["email"], context.ip)
    return Response(body=b'{"data":{"reset":true}}')


def _invalid_token() -> RocketError:
    message = "The token is not valid, or not any more"
    return RocketError("VALIDATION_FAILED", message, [{"field": "token", "message": message}])
