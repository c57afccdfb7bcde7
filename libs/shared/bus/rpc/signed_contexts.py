"""Signed contexts: a gateway signs who sends a request, and services verify it.

Every gateway makes a key pair, keeps the private half in memory, and publishes the public half in a table of the
platform database that only its own role can write. A service looks a key up once. A compromised service therefore
can't send requests in another caller's name: signatures that it has seen are valid for minutes, and only for the same
caller in the same app.

Requests that services send on their own are not signed. Contracts allow that by `by_services`; NATS lets each service
send only the requests that it needs (deploy/nats/accounts.conf).
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

VALIDITY_SLOT_S = 300
"""Seconds in which a caller's signature stays the same; it is valid for one to two of these."""
MAX_CLOCK_SKEW_S = 60
"""Seconds by which the clocks of machines may differ."""
RENEW_KEY_S = 86_400
"""Seconds after which a gateway makes a new key."""
MAX_REMEMBERED = 20_000
"""Signatures that a process remembers, made or verified."""

PUBLISH = "INSERT INTO gateway.context_keys (id, public) VALUES ($1, $2)"
PRUNE = "DELETE FROM gateway.context_keys WHERE at < now() - interval '4 days'"
FIND = "SELECT public FROM gateway.context_keys WHERE id = $1 AND at > now() - interval '3 days'"


class KeyTable(Protocol):
    """The methods of the platform database that are used."""

    async def execute(self, query: str, *values: Any) -> Any: ...

    async def fetchval(self, query: str, *values: Any) -> Any: ...


class ContextSigner:
    """Signs the contexts of one gateway."""

    def __init__(self, table: KeyTable) -> None:
        self._table = table
        self._key: Ed25519PrivateKey | None = None
        self._id = ""
        self._made_at = 0.0
        self._renewing = asyncio.Lock()
        self._made: dict[tuple[int, AppRef | None, Identity | None], bytes] = {}

    async def signed(self, context: Context) -> Context:
        """The context with our signature. Raises what publishing the first key raises."""
        now = clock.unix()
        if self._key is None or now - self._made_at > RENEW_KEY_S:
            await self._renew(now)
        ends, app = (int(now) // VALIDITY_SLOT_S + 2) * VALIDITY_SLOT_S, _bound_to(context)
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
            if self._key is not None and now - self._made_at <= RENEW_KEY_S:
                return
            key, name = Ed25519PrivateKey.generate(), os.urandom(8).hex()
            try:
                await self._table.execute(PUBLISH, name, key.public_key().public_bytes_raw())
                await self._table.execute(PRUNE)
            except Exception:
                if self._key is None:
                    raise
                # The previous key stays valid for two days.
                self._made_at = now - RENEW_KEY_S + VALIDITY_SLOT_S
                return
            self._key, self._id, self._made_at = key, name, now
            self._made.clear()


class ContextVerifier:
    """Verifies the contexts of the requests that one process serves."""

    def __init__(self, table: KeyTable) -> None:
        self._table = table
        self._keys: dict[str, Ed25519PublicKey] = {}
        self._good: dict[tuple[bytes, AppRef | None, Identity | None], int] = {}

    async def check(self, context: Context, by_services: bool) -> None:
        """Raise FORBIDDEN if the context is not signed, unless services may send the request by themselves."""
        if not context.grant and by_services and _is_own(context.identity):
            return
        seen = (context.grant, _bound_to(context), context.identity)
        ends = self._good.get(seen)
        if ends is None:
            ends = await self._verified(*seen)
            self._good[seen] = ends
            _forget_oldest(self._good)
        if ends < clock.unix() - MAX_CLOCK_SKEW_S:
            raise _unvouched("expired")

    async def _verified(self, grant: bytes, app: AppRef | None, identity: Identity | None) -> int:
        """When a valid signature ends. Raises FORBIDDEN."""
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
    """The app that a signature is for; platform users may enter every app."""
    identity = context.identity
    return None if identity is not None and identity.via == "platform" else context.app


def _statement(ends: int, app: AppRef | None, identity: Identity | None) -> bytes:
    """The signed text."""
    place = None if app is None else (app.id, app.name, app.database, app.server)
    return b"rocket context 1\n" + orjson.dumps((ends, place, identity.packed() if identity else None))


def _is_own(identity: Identity | None) -> bool:
    """Whether a service acts on its own."""
    return identity is None or identity == SYSTEM or identity.via == "workflow"


def _unvouched(why: str) -> RocketError:
    log.warning("context.refused", why=why)
    return RocketError("FORBIDDEN", "Nobody vouches for this request")
