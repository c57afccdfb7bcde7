"""HTTP handlers of single sign-on: redirects and cookies of browsers, and the calls of providers."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from urllib.parse import parse_qsl

from aiohttp import web

from libs.shared.contracts.auth_providers import LdapLoginBody, LogoutBody
from libs.shared.contracts.bodies import RequestBody
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.errors import RocketError
from libs.shared.parameters import FREE, taking
from services.gateway.http.bodies import read_body
from services.gateway.identity.sso import directory_logins, logins, logouts, providers
from services.gateway.identity.sso.logins import Redirection, Visit
from services.gateway.identity.sso.sealed_state import LIFETIME_S
from services.gateway.routing.route import Local
from services.gateway.state import State

MAX_FORM_BYTES = 1024 * 1024
"""Bytes of a form that a provider has a browser send: a SAML response with many groups."""
MAX_FORM_FIELDS = 20
QUERY_STRING = "query_string"
"""The parameter that holds the whole query as it was written."""
NO_STORE = {"Cache-Control": "no-store"}
START = taking("redirect_to", "challenge")

Operation = Callable[..., Awaitable[Response]]
"""`(sso, realm, context)`, then by name: `…_id` the path's id, `body` the parsed body."""


def in_sso(operation: Operation, body: type[RequestBody] | None = None) -> Local:
    """A route that an operation of single sign-on answers, for the app in the path or the platform."""
    of_path = [name for name in inspect.signature(operation).parameters if name.endswith("_id")]

    @wraps(operation)
    async def handler(state: State, request: web.Request, context: Context, *parsed: RequestBody) -> Response:
        values: dict[str, object] = dict.fromkeys(of_path, request.match_info.get("id"))
        if parsed:
            values["body"] = parsed[0]
        return await operation(state.sso, state.accounts.realm(context.app), context, **values)

    return Local(handler, body=body)


async def logout(state: State, request: web.Request, context: Context, body: LogoutBody) -> Response:
    """End the session of a refresh token; `logout_url` is where the provider of the login hears of it."""
    realm = state.accounts.realm(context.app)
    return await logouts.logout(state.sso, realm, context, body, _origin(request))


def start(type_name: str) -> Local:
    """The route that sends a browser to a provider."""

    async def start_login(state: State, request: web.Request, context: Context) -> Response:
        """Send the browser to the provider to log in; it comes back to `redirect_to` with a code."""
        return await _redirected(logins.start, state, request, context, _visit(request, _query(request)), type_name)

    return Local(start_login, START)


def finish(type_name: str) -> Local:
    """The route that a browser comes back to from a provider."""

    async def finish_login(state: State, request: web.Request, context: Context) -> Response:
        """End a login at a provider: the browser goes on to `redirect_to` with a code, or an error."""
        sent = await _form(state, request) if request.method == "POST" else _query(request)
        return await _redirected(logins.finish, state, request, context, _visit(request, sent), type_name)

    return Local(finish_login, FREE)


async def backchannel_logout(state: State, request: web.Request, context: Context) -> Response:
    """End the sessions that a provider says to have ended (OpenID Connect Back-Channel Logout)."""
    visit = _visit(request, await _form(state, request))
    realm = state.accounts.realm(context.app)
    try:
        await logouts.heed(state.sso, realm, visit, "oidc", request.match_info["provider"])
    except RocketError as error:
        if error.code != "PROVIDER_REFUSED":
            raise
        raise RocketError("INVALID_PAYLOAD", error.message, headers=NO_STORE) from None
    return Response(body=b'{"data":{"logged_out":true}}', headers=dict(NO_STORE))


async def saml_metadata(state: State, request: web.Request, context: Context) -> Response:
    """What a SAML identity provider must know of us, as its metadata."""
    realm = state.accounts.realm(context.app)
    provider = await providers.named(realm, request.match_info["provider"], "saml")
    endpoints = state.sso.endpoints(realm, provider, state.sso.origin(_origin(request)))
    body = await state.sso.saml.metadata(provider, endpoints)
    return Response(body=body, headers={"Content-Type": "application/samlmetadata+xml"})


async def saml_logout(state: State, request: web.Request, context: Context) -> Response:
    """Heed a logout of a SAML identity provider, or its answer to ours; the browser goes on from here."""
    sent = await _form(state, request) if request.method == "POST" else _query(request)
    realm = state.accounts.realm(context.app)
    _, notice = await logouts.heed(state.sso, realm, _visit(request, sent), "saml", request.match_info["provider"])
    return Response(302, headers={"Location": notice.answer, **NO_STORE})


async def ldap_login(state: State, request: web.Request, context: Context, body: LdapLoginBody) -> Response:
    """Tokens for a name and password of a directory."""
    realm = state.accounts.realm(context.app)
    return await directory_logins.login(state.sso, realm, context, request.match_info["provider"], body)


async def _redirected(
    operation: Callable[..., Awaitable[Redirection]],
    state: State,
    request: web.Request,
    context: Context,
    visit: Visit,
    type_name: str,
) -> Response:
    realm = state.accounts.realm(context.app)
    went = await operation(state.sso, realm, context, visit, type_name, request.match_info["provider"])
    headers = {"Location": went.url, **NO_STORE}
    if went.cookie is not None:
        headers["Set-Cookie"] = _cookie(went, state.sso.origin(visit.origin).startswith("https:"))
    return Response(302, headers=headers)


def _cookie(went: Redirection, is_https: bool) -> str:
    """Sent back by navigations alone. Browsers take `Secure` ones from this machine too, without https."""
    assert went.cookie is not None, "the caller has looked"
    name, value = went.cookie
    age = LIFETIME_S if value else 0
    ways = "SameSite=None; Secure" if went.from_elsewhere else f"SameSite=Lax{'; Secure' if is_https else ''}"
    return f"{name}={value}; Path={went.path}; Max-Age={age}; HttpOnly; {ways}"


def _visit(request: web.Request, sent: Mapping[str, str]) -> Visit:
    return Visit(_origin(request), request.cookies, sent)


def _origin(request: web.Request) -> str:
    return f"{request.scheme}://{request.host}"


def _query(request: web.Request) -> dict[str, str]:
    return _each_once(list(request.query.items())) | {QUERY_STRING: request.raw_path.partition("?")[2]}


async def _form(state: State, request: web.Request) -> dict[str, str]:
    body = await read_body(state, request, MAX_FORM_BYTES)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS)
    except ValueError:
        raise RocketError("INVALID_PAYLOAD", "The body must be a form") from None
    # Which only requests without a body have.
    return _each_once([(name, value) for name, value in pairs if name != QUERY_STRING])


def _each_once(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """The parameters by name. One that is sent twice is refused: the provider may have meant the other."""
    values = dict(pairs)
    if len(values) != len(pairs):
        raise RocketError("INVALID_PAYLOAD", "Each parameter must be sent once")
    return values
