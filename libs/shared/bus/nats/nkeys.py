"""The keys and tokens of NATS that an issuer of users needs (auth callout).

An nkey is an Ed25519 key in base32 with a prefix and a CRC-16 (github.com/nats-io/nkeys); a NATS token is a JWT
whose algorithm is called ed25519-nkey (github.com/nats-io/jwt).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ACCOUNT = 0
"""Prefix byte of an account's key, which makes it begin with A."""
HEADER = {"typ": "JWT", "alg": "ed25519-nkey"}
PURPOSE = b"rocket/nats/issuer/"


class Issuer:
    """Signs tokens of users. Its key derives from a secret, so nothing has to be stored."""

    def __init__(self, secret: str) -> None:
        seed = hashlib.sha256(PURPOSE + secret.encode()).digest()
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = _encoded(ACCOUNT, self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    def sign(self, claims: Mapping[str, Any], now: float) -> str:
        """A token with these claims, issued `now` (Unix seconds)."""
        issued = {**claims, "iss": self.public, "iat": int(now)}
        digest = hashlib.sha256(orjson.dumps(issued, option=orjson.OPT_SORT_KEYS)).digest()
        issued["jti"] = base64.b32encode(digest).decode().rstrip("=")
        signed = f"{_base64(orjson.dumps(HEADER))}.{_base64(orjson.dumps(issued))}"
        return f"{signed}.{_base64(self._key.sign(signed.encode()))}"


def claims_of(token: bytes) -> dict[str, Any]:
    """The claims of a server's token. They are not verified, because only servers can publish to the subject.

    Raises ValueError if it is no token.
    """
    parts = token.split(b".")
    if len(parts) != 3:
        raise ValueError("this is no token")
    claims = orjson.loads(base64.urlsafe_b64decode(parts[1] + b"=="))
    if not isinstance(claims, dict):
        raise ValueError("a token's claims are an object")  # noqa: TRY004  what is wrong is the value
    return claims


def _encoded(prefix: int, key: bytes) -> str:
    data = bytes([prefix]) + key
    return base64.b32encode(data + binascii.crc_hqx(data, 0).to_bytes(2, "little")).decode().rstrip("=")


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
