"""Which buckets a request takes from, and the headers about them.

Authenticated requests take from the buckets of the user or API key, and of the app. Logins and refused requests take
from the bucket of the address, so that guessing is slow.
"""

from __future__ import annotations

import ipaddress
import time
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from aiohttp import web

from libs.shared.contracts.context import AppRef, Identity
from libs.shared.errors import RocketError
from services.gateway.limits.buckets import Buckets, Rate

BY_KEY = "api_key"
"""`via` of an API key's identity."""


@dataclass(frozen=True, slots=True)
class Rates:
    """The rate of one user, API key, address and app."""

    user: Rate
    key: Rate
    ip: Rate
    app: Rate


@dataclass(slots=True)
class Quota:
    """What is left of the bucket that will be empty first. Not frozen, as making frozen ones costs more."""

    buckets: Buckets
    left: float

    def headers(self) -> dict[str, str]:
        """RateLimit-Limit: tokens of a full bucket; -Remaining; -Reset: seconds until it is full again."""
        return {
            "RateLimit-Limit": str(self.buckets.rate.burst),
            "RateLimit-Remaining": str(max(0, int(self.left + 1e-6))),
            "RateLimit-Reset": str(self.buckets.seconds_until_full(self.left)),
        }


QUOTA = web.RequestKey("quota", Quota)
"""Where a request carries what its response says about limits."""


class Limiter:
    """The buckets of this gateway. Methods raise RATE_LIMITED with `Retry-After` where a bucket is empty."""

    def __init__(self, rates: Rates) -> None:
        self.kinds = {name: Buckets(getattr(rates, name)) for name in ("user", "key", "ip", "app")}
        self._user, self._key = self.kinds["user"], self.kinds["key"]
        self._ip, self._app = self.kinds["ip"], self.kinds["app"]
        self.refused: Counter[str] = Counter(dict.fromkeys(self.kinds, 0))

    def admit(self, request: web.Request, app: AppRef | None, identity: Identity) -> None:
        """Admit a request of an authenticated caller."""
        now = time.monotonic()
        buckets, whose = (self._key, "API key") if identity.via == BY_KEY else (self._user, "user")
        left = buckets.take(identity.id, now)
        if left < 0:
            raise self._refusal("key" if buckets is self._key else "user", left, f"requests of this {whose}")
        if app is not None:
            left_of_app = self._app.take(app.id, now)
            if left_of_app < 0:
                raise self._refusal("app", left_of_app, "requests to this app")
            if left_of_app < left:
                buckets, left = self._app, left_of_app
        request[QUOTA] = Quota(buckets, left)

    def admit_anonymous(self, request: web.Request, ip: str) -> None:
        """Admit a login, or a request that is refused for its credentials."""
        left = self._ip.take(client_network(ip), time.monotonic())
        if left < 0:
            raise self._refusal("ip", left, "logins and refused requests from this address")
        request[QUOTA] = Quota(self._ip, left)

    def _refusal(self, kind: str, left: float, what: str) -> RocketError:
        self.refused[kind] += 1
        buckets = self.kinds[kind]
        seconds = buckets.seconds_until_next(left)
        headers = {**Quota(buckets, 0.0).headers(), "Retry-After": str(seconds)}
        return RocketError("RATE_LIMITED", f"Too many {what}, try again in {seconds} s", headers=headers)


@lru_cache(10_000)
def client_network(ip: str) -> str:
    """What counts as one client: an IPv4 address, or an IPv6 /64 network, as one customer has all of it."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ip
    return ip if address.version == 4 else str(ipaddress.ip_network((address, 64), strict=False))
