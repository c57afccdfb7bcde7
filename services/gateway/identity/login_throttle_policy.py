"""How long a login must wait after failures: pure.

Three counters decide: of the account from this address, of the account from anywhere, and of the address for any
account. Each doubles its wait from some number of failures on. Where the account has logged in from this address
before (a known place), only the first counter decides; the second never waits for long. So an attacker who knows only
a mail address can't keep its owner out. (OWASP's Authentication Cheat Sheet calls known places device cookies.)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.gateway.identity.store.attempts import FailureCounter

FIRST_WAIT_S = 1.0
"""The wait after the first failure beyond the limit; it doubles with each further one."""
FAILURE_LIFETIME = timedelta(hours=1)
"""Failures no longer count after this time without an attempt."""
KNOWN_PLACE_LIFETIME = timedelta(days=30)
"""How long a place stays known after a login."""


@dataclass(frozen=True, slots=True)
class FailureLimit:
    """Failures that cause no wait, and the longest wait."""

    free: int
    max_wait_s: float


PLACE = FailureLimit(5, 900.0)
KNOWN_PLACE = FailureLimit(20, 900.0)
ACCOUNT = FailureLimit(20, 30.0)
ADDRESS = FailureLimit(50, 900.0)
RESETS = FailureLimit(30, 900.0)
"""Mails with a token that one address may request, for any accounts."""


@dataclass(frozen=True, slots=True)
class ThrottleDecision:
    """`wait` in seconds; 0 admits the login, and `counters` is what to store, in the order of the keys."""

    wait: float
    counters: tuple[FailureCounter, ...] = ()


def decide(place: FailureCounter, account: FailureCounter, address: FailureCounter, now: datetime) -> ThrottleDecision:
    """Whether a login may go on, counted as a failure until it has succeeded, so that none runs ahead of its count."""
    known = place.known_at > now - KNOWN_PLACE_LIFETIME
    looked_at = [(place, KNOWN_PLACE if known else PLACE)]
    if not known:
        looked_at += [(account, ACCOUNT), (address, ADDRESS)]
    wait = max((counter.blocked_until - now).total_seconds() for counter, _ in looked_at)
    if wait > 0:
        return ThrottleDecision(wait)
    return ThrottleDecision(0.0, tuple(_counted(counter, limit, now) for counter, limit in looked_at))


def decide_alone(counter: FailureCounter, limit: FailureLimit, now: datetime) -> ThrottleDecision:
    """The same for attempts with a single counter."""
    wait = (counter.blocked_until - now).total_seconds()
    return ThrottleDecision(wait) if wait > 0 else ThrottleDecision(0.0, (_counted(counter, limit, now),))


def _counted(counter: FailureCounter, limit: FailureLimit, now: datetime) -> FailureCounter:
    failures = 1 if counter.at < now - FAILURE_LIFETIME else counter.failures + 1
    too_many = failures - limit.free - 1
    if too_many < 0:
        return FailureCounter(failures, now, now, counter.known_at)
    # The exponent is bounded, as a float is not endless.
    seconds = min(FIRST_WAIT_S * 2.0 ** min(too_many, 30), limit.max_wait_s)
    return FailureCounter(failures, now, now + timedelta(seconds=seconds), counter.known_at)
