"""A provider that signs what attacks need: none of it is taken for an identity, or for a logout."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from libs.shared.contracts.auth_providers import AuthProviderBody, OidcConfig, RoleMapping
from libs.shared.errors import RocketError
from services.gateway.identity.sso.external import AuthProvider, Endpoints, ExternalIdentity, ProviderSession
from services.gateway.identity.sso.oidc import discovery as discovery_module
from services.gateway.identity.sso.oidc.id_tokens import LOGOUT_EVENT
from services.gateway.identity.sso.oidc.provider import OpenIdConnect
from services.gateway.identity.sso.outbound import Outbound
from tests.support.hostile_provider import (
    ACCESS_TOKEN,
    CLIENT,
    HostileProvider,
    access_hash,
    hostile_provider,
    other_keys,
)

ENDPOINTS = Endpoints("https://rocket.example/api/shop/auth/oidc/idp", "https://rocket.example/admin/login?app=shop")
NOW = int(time.time())
OTHER = other_keys()
Attack = Callable[[HostileProvider, str], str]


def definition(issuer: str, **parts: Any) -> AuthProvider:
    config = OidcConfig(issuer=issuer, client_id=CLIENT, **parts)
    body = AuthProviderBody(name="idp", type="oidc", config=config.model_dump())
    return AuthProvider("p", 1, body, config, {"client_secret": "a secret"})


@pytest.fixture
async def hostile() -> AsyncIterator[HostileProvider]:
    async with hostile_provider() as provider:
        yield provider


@pytest.fixture
async def oidc() -> AsyncIterator[OpenIdConnect]:
    outbound = Outbound(loopback=True, private=False)
    yield OpenIdConnect(outbound)
    await outbound.close()


async def finished(
    oidc: OpenIdConnect, hostile: HostileProvider, token: Attack, provider: AuthProvider | None = None, **sent: str
) -> ExternalIdentity:
    """A login whose code is redeemed for this token."""
    provider = provider or definition(hostile.issuer)
    begun = await oidc.begin(provider, ENDPOINTS, "a-state")
    hostile.token = token(hostile, begun.kept["nonce"])
    return await oidc.finish(provider, ENDPOINTS, begun.kept, {"code": "a-code", **sent})


def good(hostile: HostileProvider, nonce: str) -> str:
    return hostile.signed(hostile.claims(nonce))


def claiming(**parts: Any) -> Attack:
    return lambda hostile, nonce: hostile.signed(hostile.claims(nonce, **parts))


def unsigned(hostile: HostileProvider, nonce: str) -> str:
    head, body = ({"alg": "none", "typ": "JWT"}, hostile.claims(nonce))
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (head, body)]
    return ".".join([*encoded, ""])


def by_public_key(hostile: HostileProvider, nonce: str) -> str:
    """HS256 with the public key as the shared secret, which PyJWT refuses to make."""
    head = {"alg": "HS256", "typ": "JWT", "kid": hostile.key_id}
    encoded = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
        for part in (head, hostile.claims(nonce))
    ]
    text = ".".join(encoded)
    mac = hmac.new(hostile.public_pem(), text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def tampered(hostile: HostileProvider, nonce: str) -> str:
    head, _, signature = good(hostile, nonce).split(".")
    body = base64.urlsafe_b64encode(json.dumps(hostile.claims(nonce, sub="root")).encode()).decode().rstrip("=")
    return f"{head}.{body}.{signature}"


ATTACKS: dict[str, tuple[Attack, str]] = {
    "alg none": (unsigned, "asymmetric"),
    "HS256 with the public key": (by_public_key, "asymmetric"),
    "a shared secret": (lambda h, n: h.signed(h.claims(n), key="a secret" * 8, algorithm="HS256"), "asymmetric"),
    "a foreign key": (lambda h, n: h.signed(h.claims(n), key=OTHER["rsa"]), "signature"),
    "a foreign key under another id": (
        lambda h, n: h.signed(h.claims(n), key=OTHER["rsa"], headers={"kid": "two"}), "signature"),
    "a key in the token itself": (
        lambda h, n: h.signed(h.claims(n), key=OTHER["ec"], algorithm="ES256", headers={"jwk": {"kty": "EC"}}),
        "signature"),
    "changed claims": (tampered, "signature"),
    "no token": (lambda h, n: "not.a.token", "no signed token"),
    "an endless token": (lambda h, n: "a" * 200_000, "too long"),
    "another issuer": (claiming(iss="https://evil.example"), "iss"),
    "another client": (claiming(aud="other"), "aud"),
    "several clients without azp": (claiming(aud=[CLIENT, "other"]), "azp"),
    "another azp": (claiming(azp="other"), "azp"),
    "no client": (claiming(aud=None), "aud"),
    "expired": (claiming(exp=NOW - 120), "expired"),
    "no exp": (claiming(exp=None), "exp"),
    "an old token": (claiming(iat=NOW - 3600), "iat"),
    "a token of tomorrow": (claiming(iat=NOW + 86_400), "iat"),
    "nbf ahead": (claiming(nbf=NOW + 3600), "nbf"),
    "another nonce": (claiming(nonce="another"), "nonce"),
    "no nonce": (claiming(nonce=None), "nonce"),
    "nonce as a list": (claiming(nonce=["a"]), "nonce"),
    "another access token": (claiming(at_hash=access_hash("other")), "at_hash"),
    "no subject": (claiming(sub=None), "subject"),
    "a subject with a NUL": (claiming(sub="a\0b"), "subject"),
    "a subject that is no text": (claiming(sub=["ann"]), "subject"),
    "exp as true": (claiming(exp=True), "exp"),
}  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
async def test_a_bad_id_token_is_no_identity(name: str, oidc: OpenIdConnect, hostile: HostileProvider) -> None:
    attack, why = ATTACKS[name]
    with pytest.raises(RocketError) as refused:
        await finished(oidc, hostile, attack)
    assert refused.value.code == "PROVIDER_REFUSED" and why in refused.value.message
    assert ACCESS_TOKEN not in refused.value.message and "a-code" not in refused.value.message


async def test_a_good_login(oidc: OpenIdConnect, hostile: HostileProvider) -> None:
    identity = await finished(oidc, hostile, claiming(at_hash=access_hash(ACCESS_TOKEN), sid="s1", aud=[CLIENT]))
    assert (identity.subject, identity.email, identity.email_verified) == ("ann", "ann@example.org", True)
    assert identity.session.sid == "s1" and "nonce" not in identity.claims
    form = hostile.forms[-1]
    assert form["code_verifier"] and form["redirect_uri"] == ENDPOINTS.at("callback") and "client_secret" not in form
    begun = parse_qs(urlsplit((await oidc.begin(definition(hostile.issuer), ENDPOINTS, "a-state")).url).query)
    assert begun["code_challenge_method"] == ["S256"] and begun["response_type"] == ["code"]
    for value in ("true", 1, None):
        assert not (await finished(oidc, hostile, claiming(email_verified=value))).email_verified
    trusting = definition(hostile.issuer, trust_email=True)
    assert (await finished(oidc, hostile, claiming(email_verified=None), trusting)).email_verified


async def test_answers_of_another_issuer_or_without_a_code(oidc: OpenIdConnect, hostile: HostileProvider) -> None:
    answers: list[dict[str, str]] = [
        {"iss": "https://evil.example"}, {"error": "access_denied"}, {"error": "<script>"}, {"code": ""},
        {"code": "x" * 5000},
    ]  # fmt: skip
    for sent in answers:
        with pytest.raises(RocketError) as refused:
            await finished(oidc, hostile, good, None, **sent)
        assert refused.value.code == "PROVIDER_REFUSED" and "script" not in refused.value.message
    assert (await finished(oidc, hostile, good, iss=hostile.issuer)).subject == "ann"
    hostile.document = {"authorization_response_iss_parameter_supported": True}
    with pytest.raises(RocketError, match="another issuer"):
        await finished(oidc, hostile, good, replace(definition(hostile.issuer), version=2))


async def test_userinfo_completes_and_never_replaces(oidc: OpenIdConnect, hostile: HostileProvider) -> None:
    mapped = definition(hostile.issuer)
    body = mapped.body.model_copy(update={"role_mapping": [RoleMapping(claim="groups", value="a", roles=["x"])]})
    mapped = replace(mapped, body=body)
    hostile.userinfo = {"sub": "ann", "groups": ["a"], "email": "evil@example.org"}
    identity = await finished(oidc, hostile, good, mapped)
    assert identity.claims["groups"] == ["a"] and identity.email == "ann@example.org"
    hostile.userinfo = {"sub": "root", "groups": ["a"]}
    assert "groups" not in (await finished(oidc, hostile, good, mapped)).claims


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"error": "invalid_grant", "status": 400}, "PROVIDER_REFUSED"),
        ({"error": "server", "status": 500}, "PROVIDER_UNAVAILABLE"),
        ({"access_token": ACCESS_TOKEN}, "PROVIDER_REFUSED"),
        ({"id_token": "x"}, "PROVIDER_REFUSED"),
    ],
)
async def test_answers_of_the_token_endpoint(
    oidc: OpenIdConnect, hostile: HostileProvider, answer: dict[str, Any], code: str
) -> None:
    hostile.token_answer = answer
    with pytest.raises(RocketError) as refused:
        await finished(oidc, hostile, good)
    assert refused.value.code == code and ACCESS_TOKEN not in refused.value.message


async def test_unknown_keys_are_fetched_at_intervals(
    oidc: OpenIdConnect, hostile: HostileProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    await finished(oidc, hostile, good)
    assert hostile.key_requests == 1
    for _ in range(5):
        with pytest.raises(RocketError):
            await finished(oidc, hostile, lambda h, n: h.signed(h.claims(n), key=OTHER["rsa"], headers={"kid": "new"}))
    assert hostile.key_requests == 1
    monkeypatch.setattr(discovery_module, "RETRY_S", 0.0)
    hostile.key, hostile.key_id = OTHER["rsa"], "two"
    assert (await finished(oidc, hostile, good)).subject == "ann"
    # The same id with another key: the known one does not fit, so it is fetched.
    hostile.key = other_keys()["rsa"]
    assert (await finished(oidc, hostile, good)).subject == "ann"
    hostile.status = 500
    assert (await oidc.begin(definition(hostile.issuer), ENDPOINTS, "a-state")).url, "what is known is used meanwhile"


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({"issuer": "https://evil.example"}, "another issuer"),
        ({"token_endpoint": "http://evil.example/token"}, "token_endpoint"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "authorization_endpoint"),
        ({"jwks_uri": "file:///etc/passwd"}, "jwks_uri"),
    ],
)
async def test_discovery_documents_that_lead_elsewhere(
    oidc: OpenIdConnect, hostile: HostileProvider, document: dict[str, Any], why: str
) -> None:
    hostile.document = document
    with pytest.raises(RocketError) as refused:
        await oidc.prepare(definition(hostile.issuer), None)
    assert refused.value.code == "VALIDATION_FAILED" and why in refused.value.message
    with pytest.raises(RocketError, match="PROVIDER_UNAVAILABLE"):
        await oidc.begin(definition(hostile.issuer), ENDPOINTS, "a-state")


async def test_internal_addresses_are_not_called(hostile: HostileProvider) -> None:
    outbound = Outbound(loopback=False, private=False)
    steps = await OpenIdConnect(outbound).check(definition(hostile.issuer))
    assert [step.ok for step in steps] == [False] and "must not be called by logins" in str(steps[0].error)
    await outbound.close()


LOGOUT: dict[str, Any] = {"events": {LOGOUT_EVENT: {}}, "jti": "j1", "sid": "s1", "nonce": None, "sub": "ann"}
BAD_LOGOUTS: dict[str, dict[str, Any]] = {
    "an ID token": {"events": None},
    "another event": {"events": {"other": {}}},
    "with a nonce": {"nonce": "n"},
    "without jti": {"jti": None},
    "of nobody": {"sub": None, "sid": None},
    "another client": {"aud": "other"},
    "another issuer": {"iss": "https://evil.example"},
    "old": {"iat": NOW - 3600},
    "expired": {"exp": NOW - 3600},
}


@pytest.mark.parametrize("name", BAD_LOGOUTS)
async def test_a_bad_logout_token_ends_nothing(name: str, oidc: OpenIdConnect, hostile: HostileProvider) -> None:
    provider = definition(hostile.issuer)
    token = hostile.signed(hostile.claims("", **{**LOGOUT, **BAD_LOGOUTS[name]}))
    with pytest.raises(RocketError, match="PROVIDER_REFUSED"):
        await oidc.notice(provider, ENDPOINTS, {"logout_token": token})
    good_token = hostile.signed(hostile.claims("", **LOGOUT))
    notice = await oidc.notice(provider, ENDPOINTS, {"logout_token": good_token})
    assert (notice.subject, notice.sid) == ("ann", "s1") and list(notice.once) == ["logout/j1"]


async def test_a_refresh_token_that_is_taken_back_ends_the_session(
    oidc: OpenIdConnect, hostile: HostileProvider
) -> None:
    provider = definition(hostile.issuer)
    session = ProviderSession("s1", {"id_token": "t", "refresh_token": "r"})
    hostile.token_answer = {"access_token": "a", "refresh_token": "r2"}
    following = await oidc.refresh(provider, "ann", session)
    assert following is not None and following.data["refresh_token"] == "r2" and following.data["id_token"] == "t"
    hostile.token_answer = {"error": "invalid_grant", "status": 400}
    assert await oidc.refresh(provider, "ann", session) is None
    hostile.status = 503
    assert await oidc.refresh(provider, "ann", session) == session
    assert await oidc.refresh(provider, "ann", ProviderSession("s1", {})) == ProviderSession("s1", {})
