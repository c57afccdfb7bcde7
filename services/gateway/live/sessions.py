"""Whose a live stream is, and until when it may go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jwt
from aiohttp import web

from libs.shared.contracts.context import AppRef, Identity
from services.gateway.identity.tokens import Tokens

UNLIMITED = 900.0
"""Seconds that a stream may last whose credentials name no end."""


@dataclass(frozen=True, slots=True)
class Session:
    """A caller, and their token's times in seconds since the epoch; the token itself is not kept."""

    identity: Identity
    issued: float
    expires: float

    def packed(self) -> dict[str, Any]:
        """As JSON."""
        return {"who": self.identity.packed(), "issued": self.issued, "expires": self.expires}

    @classmethod
    def unpacked(cls, document: dict[str, Any]) -> Session:
        """The session that `packed` took apart."""
        return cls(Identity.unpacked(*document["who"]), document["issued"], document["expires"])

    def good(self, tokens: Tokens, app: AppRef) -> bool:
        """Whether the token would be let in still."""
        return tokens.holds(app, self.identity.id, self.issued, self.expires)


def session_of(request: web.Request, identity: Identity, now: float) -> Session:
    """The session of a caller whom the door has let in by their token."""
    token = request.headers.get("Authorization", "").partition(" ")[2].strip()
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        return Session(identity, now, now + UNLIMITED)
    return Session(identity, float(claims.get("at", claims["iat"])), float(claims["exp"]))
