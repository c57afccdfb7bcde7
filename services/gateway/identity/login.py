"""Login by address and password, and a code where there is a second factor.

The order is: throttle, password, code, session with its tokens. The answer is the same for an unknown account and a
wrong password, and takes as long.
"""

from __future__ import annotations

import contextlib

from libs.shared.contracts.accounts import LoginBody
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.postgres.databases import Record
from libs.shared.telemetry import tracing
from services.gateway.identity import factors, login_throttle, sessions
from services.gateway.identity.realms import Realm
from services.gateway.identity.store import users
from services.gateway.identity.tokens import unauthorized


async def login(realm: Realm, context: Context, body: LoginBody) -> Response:
    """Tokens for e-mail and password, and a code (`totp`) where there is a second factor.

    Raises RATE_LIMITED before the password is checked; UNAUTHORIZED, the same for every reason; TOTP_REQUIRED for a
    right password without a code. A user who is changed meanwhile gets UNAUTHORIZED.
    """
    attempt = await login_throttle.admit(realm, body.email, context.ip)
    with tracing.span("auth", "sessions", "auth.login"):
        user = await users.find_by_email(realm.database, body.email) if body.email else None
        fits = await realm.accounts.passwords.check(body.password, user["password_hash"] if user else None)
        if user is None or not fits or not user["active"]:
            raise unauthorized("invalid", sessions.WRONG_LOGIN)
    if not await factors.check_login(realm, user, body.totp):
        # The password was right, so this attempt was no guess; the code is still to come.
        await login_throttle.forgive(realm, attempt)
        raise factors.code_required()
    await login_throttle.succeeded(realm, attempt)
    await _rehash(realm, user, body.password)
    return await sessions.begin(realm, realm.database, user, context)


async def _rehash(realm: Realm, user: Record, password: str) -> None:
    """Hash the password again if the cost has changed; after a failure the next login does it."""
    passwords = realm.accounts.passwords
    if passwords.is_outdated(user["password_hash"]):
        with contextlib.suppress(Exception):
            await users.rehash(realm.database, user["id"], user["password_hash"], await passwords.hash(password))
