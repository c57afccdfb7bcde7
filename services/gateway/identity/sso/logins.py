"""Logins at providers: begun with a redirect, and finished with what the browser brings back."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import structlog

from libs.shared import clock
from libs.shared.contracts.context import Context
from libs.shared.errors import RocketError
from libs.shared.telemetry import tracing
from services.gateway.identity.realms import Realm
from services.gateway.identity.sso import handover, provisioning
from services.gateway.identity.sso.external import AuthProvider, ExternalIdentity, refused
from services.gateway.identity.sso.providers import named, sealed
from services.gateway.identity.sso.room import SingleSignOn
from services.gateway.identity.sso.sealed_state import (
    LIFETIME_S,
    MAX_COOKIE_CHARACTERS,
    LoginState,
    cookie_name,
    seal,
    unseal,
)
from services.gateway.identity.store import auth_providers
from services.gateway.identity.store import external_identities as store
from services.gateway.identity.tokens import unauthorized

log = structlog.get_logger()

CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
STATE_PARAMETER = {"oidc": "state", "saml": "RelayState"}
"""The parameter in which our state travels to the provider and back."""
MAX_CLAIMS_BYTES = 50_000
ELSEWHERE = "This login was not begun in this browser, or too long ago: begin again"


@dataclass(frozen=True, slots=True)
class Visit:
    """A browser's visit: our origin as it sees it, its cookies, and the parameters that it brings."""

    origin: str
    cookies: Mapping[str, str]
    sent: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Redirection:
    """Where a browser is sent. `cookie` is a name and value to keep, or (an empty value) to forget, below `path`."""

    url: str
    cookie: tuple[str, str] | None = None
    path: str = "/"
    from_elsewhere: bool = False
    """Whether the browser comes back by a form of the provider's page, which sends only cookies that allow that."""


async def start(
    sso: SingleSignOn, realm: Realm, context: Context, visit: Visit, type_name: str, name: str
) -> Redirection:
    """Send the browser to the provider. One that is away sends it back at once, with `error`."""
    origin = sso.origin(visit.origin)
    redirect_to = await sso.check_redirect(context, origin, visit.sent.get("redirect_to", ""))
    challenge = visit.sent.get("challenge", "")
    if challenge and not CHALLENGE.fullmatch(challenge):
        raise RocketError("INVALID_PAYLOAD", "challenge must be a SHA-256 in Base64 for URLs")
    provider = await named(realm, name, type_name)
    state = secrets.token_urlsafe(32)
    try:
        begun = await sso.type_of(provider).begin(provider, sso.endpoints(realm, provider, origin), state)
    except RocketError as error:
        return Redirection(_failed(redirect_to, error, context))
    login = LoginState(
        state, realm.scope, provider.id, redirect_to, challenge, clock.unix() + LIFETIME_S, dict(begun.kept)
    )
    cookie = seal(realm.accounts.encryptor, login)
    if len(cookie) > MAX_COOKIE_CHARACTERS:
        raise RocketError("INVALID_PAYLOAD", "redirect_to is too long")
    return Redirection(begun.url, (cookie_name(state), cookie), sso.path(realm), type_name == "saml")


async def finish(
    sso: SingleSignOn, realm: Realm, context: Context, visit: Visit, type_name: str, name: str
) -> Redirection:
    """End a login: the browser goes on to where it wanted, with a code or an error.

    Raises UNAUTHORIZED where nothing tells the way back: the login was begun in another browser, or too long ago.
    """
    provider = await named(realm, name, type_name)
    login = await _resumed(sso, realm, context, visit, provider)
    try:
        code = await _code(sso, realm, context, visit, provider, login)
        url = _back(login.redirect_to, {"code": code})
    except RocketError as error:
        log.info("sso.login_failed", provider=provider.name, code=error.code, why=error.message, app=_app(realm))
        url = _failed(login.redirect_to, error, context)
    return Redirection(url, (cookie_name(login.state), ""), sso.path(realm), type_name == "saml")


async def _resumed(
    sso: SingleSignOn, realm: Realm, context: Context, visit: Visit, provider: AuthProvider
) -> LoginState:
    """The login that this browser has begun at this provider; it can be resumed once."""
    state = visit.sent.get(STATE_PARAMETER[provider.body.type], "")
    if provider.body.type == "saml" and provider.config.allow_idp_initiated and cookie_name(state) not in visit.cookies:
        # Begun at the provider: it must answer no request, and can only lead to our own page.
        home = await sso.check_redirect(context, sso.origin(visit.origin), "")
        return LoginState("", realm.scope, provider.id, home, "", clock.unix(), {})
    sealed_login = visit.cookies.get(cookie_name(state), "") if state else ""
    login = unseal(realm.accounts.encryptor, realm.scope, sealed_login)
    if login is None or login.state != state or login.provider != provider.id or not login.is_current:
        raise unauthorized("invalid", ELSEWHERE)
    if not await store.use_once(realm.database, {f"state/{state}": login.expires}):
        raise unauthorized("invalid", ELSEWHERE)
    return login


async def _code(
    sso: SingleSignOn, realm: Realm, context: Context, visit: Visit, provider: AuthProvider, login: LoginState
) -> str:
    endpoints = sso.endpoints(realm, provider, sso.origin(visit.origin))
    with tracing.span("auth", "sso", "auth.sso") as span:
        span.metadata["provider"] = provider.via
        identity = await sso.type_of(provider).finish(provider, endpoints, login.kept, visit.sent)
    user = await admitted(realm, context, provider, identity)
    return await handover.issue_code(realm, provider, user, identity, login.redirect_to, login.challenge)


async def admitted(
    realm: Realm, context: Context, provider: AuthProvider, identity: ExternalIdentity
) -> provisioning.AdmittedUser:
    """The user of an identity; what came of it is kept for who sets the provider up."""
    if not await store.use_once(realm.database, identity.once):
        raise refused(provider, "this answer has been used before")
    outcome = "ok"
    roles: list[str] = []
    try:
        user = await provisioning.admit(realm, context, provider, identity)
        roles = user.roles
        return user
    except RocketError as error:
        outcome = error.message
        raise
    finally:
        await _note(realm, provider, identity, outcome, roles)


async def _note(
    realm: Realm, provider: AuthProvider, identity: ExternalIdentity, outcome: str, roles: list[str]
) -> None:
    values = {"outcome": outcome, "subject": identity.subject, "email_verified": identity.email_verified,
              "claims": dict(identity.claims), "roles": roles}  # fmt: skip
    data = sealed(realm, provider.id, values)
    if len(data) > MAX_CLAIMS_BYTES:
        data = sealed(realm, provider.id, {**values, "claims": {}})
    await auth_providers.note_login(realm.database, provider.id, data)


def _failed(redirect_to: str, error: RocketError, context: Context) -> str:
    return _back(redirect_to, {"error": error.code, "trace_id": context.trace_id})


def _back(redirect_to: str, values: Mapping[str, str]) -> str:
    return f"{redirect_to}{'&' if urlsplit(redirect_to).query else '?'}{urlencode(values)}"


def _app(realm: Realm) -> str:
    return realm.app.name if realm.app else ""
