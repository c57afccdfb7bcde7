"""Throttles failed logins. They are counted in the database of the accounts, so all gateways share one count.

Nothing here looks at whether the account exists, so neither waits nor refusals disclose it.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

from libs.shared import clock
from libs.shared.emails import same_address
from libs.shared.errors import RocketError
from services.gateway.identity.login_throttle_policy import RESETS, decide, decide_alone
from services.gateway.identity.realms import Realm
from services.gateway.identity.store import attempts as store
from services.gateway.limits.limiter import client_network


@dataclass(frozen=True, slots=True)
class Attempt:
    """A login that was admitted: the keys of place, account and address. The first `counted` of them were counted."""

    keys: tuple[bytes, bytes, bytes]
    counted: int


async def admit(realm: Realm, email: str, address: str) -> Attempt:
    """Admit a login, or raise RATE_LIMITED with Retry-After. It counts as failed until it has succeeded."""
    keys = _keys(email, client_network(address))
    async with realm.database.transaction() as transaction:
        place, account, network = await store.lock(transaction, keys)
        decision = decide(place, account, network, clock.now())
        await store.keep(transaction, keys, decision.counters)
    if decision.wait > 0:
        realm.accounts.counters.throttled += 1
        raise too_many(decision.wait)
    return Attempt(keys, len(decision.counters))


async def succeeded(realm: Realm, attempt: Attempt) -> None:
    """Reset the account's failures, and remember this place as known."""
    await store.succeed(realm.database, attempt.keys, attempt.counted)


async def known_place(realm: Realm, email: str, address: str) -> None:
    """Remember a place as known whose user has proved by mail to own the account."""
    keys = _keys(email, client_network(address))
    async with realm.database.transaction() as transaction:
        await store.lock(transaction, keys)
    await store.succeed(realm.database, keys, 0)


async def admit_reset(realm: Realm, address: str) -> None:
    """Admit a request for a mail, or raise RATE_LIMITED: the first are free, then waits grow."""
    keys = (_hash("reset", client_network(address)),)
    async with realm.database.transaction() as transaction:
        (counter,) = await store.lock(transaction, keys)
        decision = decide_alone(counter, RESETS, clock.now())
        await store.keep(transaction, keys, decision.counters)
    if decision.wait > 0:
        realm.accounts.counters.throttled += 1
        raise too_many(decision.wait)


async def forgive(realm: Realm, attempt: Attempt) -> None:
    """Take back that this attempt was counted."""
    await store.forgive(realm.database, attempt.keys[: attempt.counted])


def too_many(wait: float) -> RocketError:
    """429, and when to come again."""
    seconds = max(1, math.ceil(wait))
    return RocketError("RATE_LIMITED", "Too many attempts, try again later", headers={"Retry-After": str(seconds)})


def _keys(email: str, network: str) -> tuple[bytes, bytes, bytes]:
    """Hashes, so that mistyped mail addresses (or passwords typed as such) are not kept."""
    address = same_address(email)
    return _hash("place", address, network), _hash("account", address), _hash("address", network)


def _hash(*parts: str) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(4) + encoded)
    return digest.digest()
