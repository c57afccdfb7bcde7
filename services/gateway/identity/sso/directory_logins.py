"""Logins by name and password of a directory."""

from __future__ import annotations

import uuid

from libs.shared.contracts.auth_providers import LdapLoginBody
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from services.gateway.identity import factors, login_throttle
from services.gateway.identity.realms import Realm
from services.gateway.identity.sso import logins
from services.gateway.identity.sso.external import Endpoints
from services.gateway.identity.sso.handover import ProvedLogin, begin_session
from services.gateway.identity.sso.providers import named
from services.gateway.identity.sso.room import SingleSignOn
from services.gateway.identity.store import users
from services.gateway.identity.tokens import unauthorized

NO_ENDPOINTS = Endpoints("", "")


async def login(sso: SingleSignOn, realm: Realm, context: Context, name: str, body: LdapLoginBody) -> Response:
    """Tokens for a name and password of a directory, and a code (`totp`) where there is a second factor here.

    Raises RATE_LIMITED, UNAUTHORIZED (the same for every reason), TOTP_REQUIRED, PROVIDER_UNAVAILABLE.
    """
    provider = await named(realm, name, "ldap")
    attempt = await login_throttle.admit(realm, f"{provider.via}/{body.username}", context.ip)
    sent = {"username": body.username, "password": body.password}
    identity = await sso.type_of(provider).finish(provider, NO_ENDPOINTS, {}, sent)
    user = await logins.admitted(realm, context, provider, identity)
    row = await users.find(realm.database, uuid.UUID(user.id))
    if row is None or not row["active"]:
        raise unauthorized("invalid")
    if not await factors.check_login(realm, row, body.totp):
        await login_throttle.forgive(realm, attempt)
        raise factors.code_required()
    await login_throttle.succeeded(realm, attempt)
    proved = ProvedLogin(identity.subject, "", dict(identity.session.data), "", "")
    shown = {"id": user.id, "email": user.email, "roles": user.roles}
    async with realm.database.transaction() as transaction:
        now = {**shown, "version": user.version}
        return await begin_session(
            transaction, realm, context, now, (provider.id, provider.via), proved, {"user": shown}
        )
