"""What a browser keeps between the beginning and the end of a login: a cookie that only a gateway can read or make.

So the beginning stores nothing (nobody can fill a table by beginning logins), any gateway can finish what another has
begun, and a login can only end in the browser in which it began. That it ends once is noted in the database.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from libs.shared import clock
from libs.shared.encryption import Encryptor, Undecryptable

LIFETIME_S = 600
"""Seconds in which somebody must have logged in at the provider."""
COOKIE_PREFIX = "rocket_sso_"
MAX_COOKIE_CHARACTERS = 4_000
"""Browsers keep no larger ones."""


@dataclass(frozen=True, slots=True)
class LoginState:
    """A login that has begun. `state` travels to the provider and back; `kept` is what its type needs again."""

    state: str
    scope: str
    provider: str
    redirect_to: str
    challenge: str
    expires: float
    kept: dict[str, str]

    @property
    def is_current(self) -> bool:
        """Whether there is time left."""
        return clock.unix() < self.expires


def cookie_name(state: str) -> str:
    """The cookie of one login: several may be under way in a browser."""
    return COOKIE_PREFIX + hashlib.sha256(state.encode()).hexdigest()[:16]


def seal(encryptor: Encryptor, state: LoginState) -> str:
    """The value of the cookie."""
    sealed = encryptor.encrypt(orjson.dumps(asdict(state)), _owner(state.scope))
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def unseal(encryptor: Encryptor, scope: str, text: str) -> LoginState | None:
    """The login of a cookie that a gateway has made for this scope; None for any other text."""
    if not text or len(text) > MAX_COOKIE_CHARACTERS:
        return None
    try:
        sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        values: dict[str, Any] = orjson.loads(encryptor.decrypt(sealed, _owner(scope)))
    except (binascii.Error, ValueError, Undecryptable):
        return None
    return LoginState(**values)


def _owner(scope: str) -> str:
    return f"sso_state/{scope}"
