"""Failed logins, counted in the database where the accounts are, so all gateways share one count.

Nothing here asks whether the account exists, so neither waits nor refusals tell.
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
from services.gateway.limits.limiter import neighbourhood


@dataclass(frozen=True, slots=True)
class Attempt:
    """A login that was let through: the keys of place, account and address, of which the first `counted` were."""

    keys: tuple[bytes, bytes, bytes]
    counted: int


async def admit(realm: Realm, email: str, address: str) -> Attempt:
    """Let a login go on, or raise RATE_LIMITED with Retry-After. It counts as failed until it has succeeded."""
    keys = _keys(email, neighbourhood(address))
    async with realm.database.transaction() as transaction:
        place, account, network = await store.lock(transaction, keys)
        verdict = decide(place, account, network, clock.now())
        await store.keep(transaction, keys, verdict.counters)
    if verdict.wait > 0:
        realm.state.accounts.figures.throttled += 1
        raise too_many(verdict.wait)
    return Attempt(keys, len(verdict.counters))


async def succeeded(realm: Realm, attempt: Attempt) -> None:
    """Nothing was held against this login: the account begins anew, and this place is known."""
    await store.succeed(realm.database, attempt.keys, attempt.counted)


async def known_place(realm: Realm, email: str, address: str) -> None:
    """Whoever has proved by mail to be the account's owner is known here from now on."""
    keys = _keys(email, neighbourhood(address))
    async with realm.database.transaction() as transaction:
        await store.lock(transaction, keys)
    await store.succeed(realm.database, keys, 0)


async def admit_reset(realm: Realm, address: str) -> None:
    """Let somebody ask for a mail, or raise RATE_LIMITED: so many are free, then each waits for longer."""
    keys = (_hash("reset", neighbourhood(address)),)
    async with realm.database.transaction() as transaction:
        (counter,) = await store.lock(transaction, keys)
        verdict = decide_alone(counter, RESETS, clock.now())
        await store.keep(transaction, keys, verdict.counters)
    if verdict.wait > 0:
        realm.state.accounts.figures.throttled += 1
        raise too_many(verdict.wait)


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
