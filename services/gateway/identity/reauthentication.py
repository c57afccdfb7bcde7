"""Reauthentication: a caller proves by password to own the account, not just to hold its token."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable

from libs.shared.contracts.context import Context
from libs.shared.errors import invalid_field
from libs.shared.postgres.databases import Record
from services.gateway.identity import login_throttle
from services.gateway.identity.realms import Realm
from services.gateway.identity.store import users
from services.gateway.identity.tokens import unauthorized

FurtherCheck = Callable[[Record], Awaitable[None]]
"""Checks what else a user must prove; raises if it is wrong."""


async def reauthenticate(
    realm: Realm, context: Context, password: str, field: str, further: FurtherCheck | None = None
) -> Record:
    """The caller's user. Raises VALIDATION_FAILED for a wrong password in `field`, RATE_LIMITED, UNAUTHORIZED.

    Attempts are throttled like logins. What `further` refuses counts as a failure too: a right password does not make
    guesses at a code free.
    """
    user = await users.find(realm.database, uuid.UUID(context.user.id))
    if user is None or not user["active"]:
        raise unauthorized("revoked")
    attempt = await login_throttle.admit(realm, user["email"], context.ip)
    if not await realm.accounts.passwords.check(password, user["password_hash"]):
        raise invalid_field(field, f"{field} is wrong", "password")
    if further is not None:
        await further(user)
    await login_throttle.succeeded(realm, attempt)
    return user
