"""An OpenID Connect provider that signs whatever an attack needs."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import jwt
import orjson
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

CLIENT = "rocket"
ACCESS_TOKEN = "an-access-token-that-no-log-may-hold"


@dataclass(slots=True)
class HostileProvider:
    """Its key is `key`; `token` is the ID token that the next code is redeemed for."""

    issuer: str = ""
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    key_id: str = "one"
    token: str = ""
    token_answer: dict[str, Any] | None = None
    userinfo: dict[str, Any] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    key_requests: int = 0
    forms: list[dict[str, str]] = field(default_factory=list)

    def claims(self, expected_nonce: str, **parts: Any) -> dict[str, Any]:
        """The claims of a good ID token; parts that are None are left out."""
        now = int(time.time())
        whole = {"iss": self.issuer, "aud": CLIENT, "sub": "ann", "iat": now, "exp": now + 300, "nonce": expected_nonce,
                 "email": "ann@example.org", "email_verified": True, **parts}  # fmt: skip
        return {name: value for name, value in whole.items() if value is not None}

    def signed(self, claims: dict[str, Any], **how: Any) -> str:
        """A token; `key`, `algorithm` and `headers` may be others than the provider's."""
        headers = {"kid": self.key_id, **how.get("headers", {})}
        return jwt.encode(claims, how.get("key", self.key), how.get("algorithm", "RS256"), headers=headers)

    def public_pem(self) -> bytes:
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.key.public_key().public_bytes(serialization.Encoding.PEM, form)

    async def answer(self, request: web.Request) -> web.Response:
        if self.status != 200:
            return web.Response(status=self.status)
        if request.path.endswith("/openid-configuration"):
            return web.json_response(self.discovery())
        if request.path == "/keys":
            self.key_requests += 1
            jwk = orjson.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
            return web.json_response({"keys": [{**jwk, "kid": self.key_id, "use": "sig"}, {"kty": "oct", "k": "AAAA"}]})
        if request.path == "/userinfo":
            return web.json_response(self.userinfo)
        self.forms.append({name: str(value) for name, value in (await request.post()).items()})
        if self.token_answer is not None:
            return web.json_response(self.token_answer, status=self.token_answer.get("status", 200))
        return web.json_response({"access_token": ACCESS_TOKEN, "token_type": "Bearer", "id_token": self.token})

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "end_session_endpoint": f"{self.issuer}/logout",
            **self.document,
        }


def access_hash(access_token: str) -> str:
    """The `at_hash` of RS256."""
    return base64.urlsafe_b64encode(hashlib.sha256(access_token.encode()).digest()[:16]).decode().rstrip("=")


def other_keys() -> dict[str, Any]:
    """Keys that the provider does not publish."""
    return {"rsa": rsa.generate_private_key(65537, 2048), "ec": ec.generate_private_key(ec.SECP256R1())}


@contextlib.asynccontextmanager
async def hostile_provider() -> AsyncIterator[HostileProvider]:
    """A running one, on a free port of this machine."""
    provider = HostileProvider()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", provider.answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    provider.issuer = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield provider
    finally:
        await runner.cleanup()
