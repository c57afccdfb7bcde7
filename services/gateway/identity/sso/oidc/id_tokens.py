"""Checks of the tokens that a provider signs: ID tokens and logout tokens. Pure, time handed in."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any

import jwt

ALGORITHMS = (*("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"),)
"""Asymmetric ones only: with HS256 the public key could be the secret, and `none` is no signature."""
KEY_TYPES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
LEEWAY_S = 60.0
"""By how much the clocks may differ."""
MAX_AGE_S = 600.0
"""Seconds since a token was issued: it is fetched right after the login."""
MAX_TOKEN_CHARACTERS = 100_000
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
HASHES = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512}


class BadToken(Exception):
    """A token that must not be believed; the text says why, and holds nothing of it."""


class WrongSignature(BadToken):
    """None of the keys has made the signature."""


def header_of(token: str) -> tuple[str, str | None]:
    """Algorithm and key id of a token. Raises BadToken for one that is signed by nobody or with a shared secret."""
    if len(token) > MAX_TOKEN_CHARACTERS:
        raise BadToken("the token is too long")
    try:
        header = jwt.get_unverified_header(token)
    except jwt.InvalidTokenError:
        raise BadToken("what was sent is no signed token") from None
    algorithm, key_id = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        raise BadToken("the token is not signed with an asymmetric algorithm")
    return str(algorithm), key_id if isinstance(key_id, str) else None


def verified(token: str, keys: Sequence[jwt.PyJWK]) -> Mapping[str, Any]:
    """The claims of a token that one of these keys has signed; nothing else is checked. Raises BadToken."""
    algorithm, _ = header_of(token)
    for key in keys:
        if key.key_type != KEY_TYPES[algorithm[:2]]:
            continue
        try:
            claims: Mapping[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=[algorithm],
                options={"verify_aud": False, "verify_exp": False, "verify_iat": False, "verify_nbf": False,
                         "verify_iss": False, "verify_sub": False, "verify_jti": False},
            )  # fmt: skip
        except (jwt.InvalidTokenError, ValueError, TypeError):
            continue
        return claims
    raise WrongSignature("the signature is by none of the provider's keys")


def check_common(claims: Mapping[str, Any], issuer: str, client_id: str, now: float) -> None:
    """Who has issued it, for whom, and when. Raises BadToken."""
    if claims.get("iss") != issuer:
        raise BadToken("iss is another issuer")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if client_id not in audiences:
        raise BadToken("aud is another client")
    party = claims.get("azp")
    if (len(audiences) > 1 or party is not None) and party != client_id:
        raise BadToken("azp is another client")
    issued = _moment(claims, "iat")
    if issued > now + LEEWAY_S or issued < now - MAX_AGE_S:
        raise BadToken("iat is not of this moment: are the clocks right?")
    if "nbf" in claims and _moment(claims, "nbf") > now + LEEWAY_S:
        raise BadToken("nbf lies ahead")


def check_id_token(claims: Mapping[str, Any], issuer: str, client_id: str, nonce: str, now: float) -> None:
    """That the token answers this very login. Raises BadToken."""
    check_common(claims, issuer, client_id, now)
    check_expiry(claims, now)
    sent = claims.get("nonce")
    if not isinstance(sent, str) or not hmac.compare_digest(sent.encode(), nonce.encode()):
        raise BadToken("nonce is not the one of this login")


def check_access_hash(claims: Mapping[str, Any], algorithm: str, access_token: str | None) -> None:
    """That the access token belongs to the ID token, if that says so. Raises BadToken."""
    sent = claims.get("at_hash")
    if sent is None or access_token is None:
        return
    digest = (hashlib.sha512 if algorithm == "EdDSA" else HASHES[algorithm[-3:]])(access_token.encode()).digest()
    wanted = base64.urlsafe_b64encode(digest[: len(digest) // 2]).decode().rstrip("=")
    if not isinstance(sent, str) or not hmac.compare_digest(sent.encode(), wanted.encode()):
        raise BadToken("at_hash is of another access token")


def check_logout_token(claims: Mapping[str, Any], issuer: str, client_id: str, now: float) -> None:
    """That the token is a logout (OpenID Connect Back-Channel Logout 1.0). Raises BadToken."""
    check_common(claims, issuer, client_id, now)
    if "exp" in claims:
        check_expiry(claims, now)
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
        raise BadToken("events names no logout")
    if "nonce" in claims:
        raise BadToken("it has a nonce, and so may be an ID token")
    if not isinstance(claims.get("jti"), str) or not claims["jti"]:
        raise BadToken("jti is missing")
    if not any(isinstance(claims.get(name), str) and claims[name] for name in ("sub", "sid")):
        raise BadToken("it names neither sub nor sid")


def check_expiry(claims: Mapping[str, Any], now: float) -> None:
    """That it has not expired. Raises BadToken."""
    if _moment(claims, "exp") <= now - LEEWAY_S:
        raise BadToken("it has expired")


def _moment(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadToken(f"{name} is missing")
    return float(value)
