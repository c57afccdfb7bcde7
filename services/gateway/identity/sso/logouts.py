"""Refreshes and logouts of sessions that were begun at a provider, from either side."""

from __future__ import annotations

import orjson

from libs.shared.contracts.accounts import RefreshBody
from libs.shared.contracts.auth_providers import LogoutBody
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.encryption import Undecryptable
from libs.shared.errors import RocketError
from libs.shared.postgres.databases import Record
from services.gateway.identity import sessions
from services.gateway.identity.realms import Realm
from services.gateway.identity.sso.external import AuthProvider, Endpoints, LogoutNotice, ProviderSession, refused
from services.gateway.identity.sso.logins import Visit
from services.gateway.identity.sso.providers import active, named, sealed, unsealed
from services.gateway.identity.sso.room import SingleSignOn
from services.gateway.identity.store import external_identities as store
from services.gateway.identity.tokens import unauthorized


async def refresh(sso: SingleSignOn, realm: Realm, context: Context, body: RefreshBody) -> Response:
    """New tokens for a refresh token, which is used up. Raises UNAUTHORIZED.

    A session that was begun at a provider ends when the provider is taken away, or says that it has ended there. The
    reuse of a token after the grace period ends its session.
    """
    mark = await store.mark_of_token(realm.database, body.refresh_token)
    if mark is not None and await store.take_turn(realm.database, mark["session"]):
        await _go_on(sso, realm, mark["session"], mark)
    return await sessions.refresh(realm, context, body)


async def logout(sso: SingleSignOn, realm: Realm, context: Context, body: LogoutBody, origin: str) -> Response:
    """End the session of a refresh token; an unknown token is no error.

    `logout_url` is where the browser goes on to, where the provider of the login wants to hear of it.
    """
    mark = await store.mark_of_token(realm.database, body.refresh_token)
    if mark is None:
        return await sessions.logout(realm, context, body)
    url = await _logout_url(sso, realm, context, mark, body, origin)
    await sessions.end(realm, [mark["session"]])
    return Response(body=orjson.dumps({"data": {"logged_out": True, **({"logout_url": url} if url else {})}}))


async def heed(
    sso: SingleSignOn, realm: Realm, visit: Visit, type_name: str, name: str
) -> tuple[AuthProvider, LogoutNotice]:
    """End the sessions that a provider says to have ended, at every gateway. Raises PROVIDER_REFUSED."""
    provider = await named(realm, name, type_name)
    endpoints = sso.endpoints(realm, provider, sso.origin(visit.origin))
    notice = await sso.type_of(provider).notice(provider, endpoints, visit.sent)
    once = {f"{provider.id}/{key}": until for key, until in notice.once.items()}
    if not await store.use_once(realm.database, once):
        raise refused(provider, "this logout has been used before")
    ending = await store.sessions_at(realm.database, provider.id, notice.subject, notice.sid)
    await sessions.end(realm, ending)
    return provider, notice


async def _go_on(sso: SingleSignOn, realm: Realm, session: str, mark: Record) -> None:
    provider = await active(realm, mark["provider"])
    known = _session_of(realm, mark)
    following = None
    if provider is not None:
        following = await sso.type_of(provider).refresh(provider, mark["subject"], known)
    if following is None or provider is None:
        await sessions.end(realm, [session])
        raise unauthorized("revoked", "The session has ended at the provider of the login")
    if following != known:
        await store.keep_mark(realm.database, session, sealed(realm, provider.id, following.data))


async def _logout_url(
    sso: SingleSignOn, realm: Realm, context: Context, mark: Record, body: LogoutBody, origin: str
) -> str | None:
    """Where the session ends at the provider, too. A provider that is away does not keep anybody logged in here."""
    try:
        provider = await active(realm, mark["provider"])
        if provider is None:
            return None
        own = sso.origin(origin)
        endpoints = sso.endpoints(realm, provider, own)
        if body.redirect_to:
            endpoints = Endpoints(endpoints.base, await sso.check_redirect(context, own, body.redirect_to))
        return await sso.type_of(provider).end(provider, endpoints, mark["subject"], _session_of(realm, mark))
    except RocketError as error:
        if error.code == "INVALID_PAYLOAD":
            raise
        return None


def _session_of(realm: Realm, mark: Record) -> ProviderSession:
    try:
        return ProviderSession(mark["sid"], unsealed(realm, mark["provider"], mark["data"]))
    except Undecryptable:
        return ProviderSession(mark["sid"])
