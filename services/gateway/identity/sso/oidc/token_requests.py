"""Requests to a provider's token endpoint and userinfo endpoint."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus

from libs.shared.contracts.auth_providers import OidcConfig
from services.gateway.identity.sso.external import AuthProvider, away, config_of, refused
from services.gateway.identity.sso.oidc.discovery import Discovery
from services.gateway.identity.sso.outbound import Outbound, ProviderAnswer, ProviderAway

MAX_SHOWN_CHARACTERS = 60


async def redeem(
    outbound: Outbound, provider: AuthProvider, discovery: Discovery, grant: Mapping[str, str]
) -> Mapping[str, Any]:
    """The tokens for a grant. Raises PROVIDER_REFUSED, PROVIDER_UNAVAILABLE."""
    answer = await _ask(outbound, provider, discovery, grant)
    if answer.status != 200 or not isinstance(answer.body.get("access_token"), str):
        raise refused(provider, f"the token endpoint answered {said(answer)}")
    return answer.body


async def renewed(
    outbound: Outbound, provider: AuthProvider, discovery: Discovery, refresh_token: str
) -> Mapping[str, Any] | None:
    """The tokens for a refresh token; None if the provider says that it is good no longer."""
    grant = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    answer = await _ask(outbound, provider, discovery, grant)
    if answer.status == 400 and answer.body.get("error") == "invalid_grant":
        return None
    if answer.status != 200:
        raise away(provider, f"the token endpoint answered {said(answer)}")
    return answer.body


async def userinfo(outbound: Outbound, provider: AuthProvider, url: str, access_token: str) -> Mapping[str, Any]:
    """The claims of the userinfo endpoint; of one that answers something else, none."""
    try:
        answer = await outbound.get(url, {"Authorization": f"Bearer {access_token}"})
    except ProviderAway as error:
        raise away(provider, str(error)) from None
    return answer.body if answer.status == 200 else {}


def said(answer: ProviderAnswer) -> str:
    """Status and error code of an answer, as far as it is fit to be shown."""
    code = answer.body.get("error")
    fit = isinstance(code, str) and code.isascii() and code.replace("_", "").isalnum()
    return f"{answer.status} {code[:MAX_SHOWN_CHARACTERS]}" if fit and isinstance(code, str) else str(answer.status)


async def _ask(
    outbound: Outbound, provider: AuthProvider, discovery: Discovery, grant: Mapping[str, str]
) -> ProviderAnswer:
    headers, form = _authenticated(provider, discovery, grant)
    try:
        answer = await outbound.post(discovery.token_endpoint, form, headers)
    except ProviderAway as error:
        raise away(provider, str(error)) from None
    if answer.status >= 500:
        raise away(provider, f"the token endpoint answered {answer.status}")
    return answer


def _authenticated(
    provider: AuthProvider, discovery: Discovery, grant: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Headers and form, with the client's secret in the place that the provider takes it."""
    client_id = config_of(provider, OidcConfig).client_id
    secret = provider.secrets.get("client_secret")
    if secret is None:
        return {}, {**grant, "client_id": client_id}
    if "client_secret_basic" not in discovery.auth_methods and "client_secret_post" in discovery.auth_methods:
        return {}, {**grant, "client_id": client_id, "client_secret": secret}
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}, dict(grant)
