"""Whose word a context is: the gateway signs who asks, and nobody else can.

Every gateway makes a key pair of its own, keeps the private half in memory, and leaves the public one in a table of
the platform database that only its own role can write to. A service that is asked looks the key up once. So a service
that is broken into can't ask another one as somebody else: what it has seen signed is good for minutes, and for the
same caller in the same app.

What services ask each other by themselves is not signed. Questions that may be asked so say it (`by_services`); NATS
lets each service ask only those that it needs (deploy/nats/accounts.conf).
"""

from __future__ import annotations

import asyncio
import base64
import os
from typing import Any, Protocol

import orjson
import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from libs.shared import clock
from libs.shared.contracts.context import SYSTEM, AppRef, Context, Identity
from libs.shared.errors import RocketError

log = structlog.get_logger()

SLOT = 300
"""Seconds in which a caller's signature stays the same; it is good for one to two of these."""
SKEW = 60
"""Seconds that clocks of machines may differ by."""
RENEW = 86_400
"""Seconds after which a gateway takes another key."""
MAX_REMEMBERED = 20_000
"""Signatures that a process knows by heart, made or looked at."""

PUBLISH = "INSERT INTO gateway.context_keys (id, public) VALUES ($1, $2)"
PRUNE = "DELETE FROM gateway.context_keys WHERE at < now() - interval '4 days'"
FIND = "SELECT public FROM gateway.context_keys WHERE id = $1 AND at > now() - interval '3 days'"


class Table(Protocol):
    """What is needed of the platform database."""

    async def execute(self, query: str, *values: Any) -> Any: ...

    async def fetchval(self, query: str, *values: Any) -> Any: ...


class ContextSigner:
    """Signs the contexts of one gateway."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._key: Ed25519PrivateKey | None = None
        self._id = ""
        self._made_at = 0.0
        self._renewing = asyncio.Lock()
        self._made: dict[tuple[int, AppRef | None, Identity | None], bytes] = {}

    async def signed(self, context: Context) -> Context:
        """The context with our signature. Raises what publishing the first key raises."""
        now = clock.unix()
        if self._key is None or now - self._made_at > RENEW:
            await self._renew(now)
        ends, app = (int(now) // SLOT + 2) * SLOT, _bound_to(context)
        known = self._made.get((ends, app, context.identity))
        if known is None:
            known = self._made[ends, app, context.identity] = self._sign(ends, app, context.identity)
            _forget_oldest(self._made)
        return context._replace(grant=known)

    def _sign(self, ends: int, app: AppRef | None, identity: Identity | None) -> bytes:
        assert self._key is not None, "there is a key by now"
        signature = base64.urlsafe_b64encode(self._key.sign(_statement(ends, app, identity)))
        return b"%b.%d.%b" % (self._id.encode(), ends, signature)

    async def _renew(self, now: float) -> None:
        async with self._renewing:
            if self._key is not None and now - self._made_at <= RENEW:
                return
            key, name = Ed25519PrivateKey.generate(), os.urandom(8).hex()
            try:
                await self._table.execute(PUBLISH, name, key.public_key().public_bytes_raw())
                await self._table.execute(PRUNE)
            except Exception:
                if self._key is None:
                    raise
                # The one before goes on being good for two days.
                self._made_at = now - RENEW + SLOT
                return
            self._key, self._id, self._made_at = key, name, now
            self._made.clear()


class ContextVerifier:
    """Looks at the signatures of contexts that one process is asked with."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._keys: dict[str, Ed25519PublicKey] = {}
        self._good: dict[tuple[bytes, AppRef | None, Identity | None], int] = {}

    async def check(self, context: Context, by_services: bool) -> None:
        """Raises FORBIDDEN where nobody vouches for the caller. `by_services`: services may ask this by themselves."""
        if not context.grant and by_services and _is_own(context.identity):
            return
        seen = (context.grant, _bound_to(context), context.identity)
        ends = self._good.get(seen)
        if ends is None:
            ends = await self._verified(*seen)
            self._good[seen] = ends
            _forget_oldest(self._good)
        if ends < clock.unix() - SKEW:
            raise _unvouched("expired")

    async def _verified(self, grant: bytes, app: AppRef | None, identity: Identity | None) -> int:
        """When a signature ends that is good. Raises FORBIDDEN."""
        try:
            name, end, signature = grant.split(b".")
            ends, signed = int(end), base64.urlsafe_b64decode(signature)
            (await self._key_of(name.decode("ascii"))).verify(signed, _statement(ends, app, identity))
        except (ValueError, InvalidSignature):
            raise _unvouched("not signed" if not grant else "badly signed") from None
        return ends

    async def _key_of(self, name: str) -> Ed25519PublicKey:
        """Raises ValueError for a key that no gateway has published."""
        known = self._keys.get(name)
        if known is None:
            public = await self._table.fetchval(FIND, name)
            if public is None:
                raise ValueError("an unknown key")
            known = self._keys[name] = Ed25519PublicKey.from_public_bytes(public)
        return known


def _forget_oldest(signatures: dict[Any, Any]) -> None:
    # Not a cache of cachetools: every request reads one, and a plain dict is read in a third of the time.
    if len(signatures) > MAX_REMEMBERED:
        del signatures[next(iter(signatures))]


def _bound_to(context: Context) -> AppRef | None:
    """The app that a signature is for; who comes from the platform enters every app."""
    identity = context.identity
    return None if identity is not None and identity.via == "platform" else context.app


def _statement(ends: int, app: AppRef | None, identity: Identity | None) -> bytes:
    """What is signed."""
    place = None if app is None else (app.id, app.name, app.database, app.server)
    return b"rocket context 1\n" + orjson.dumps((ends, place, identity.packed() if identity else None))


def _is_own(identity: Identity | None) -> bool:
    """Whether this is how services act by themselves."""
    return identity is None or identity == SYSTEM or identity.via == "workflow"


def _unvouched(why: str) -> RocketError:
    log.warning("context.refused", why=why)
    return RocketError("FORBIDDEN", "Nobody vouches for this request")
