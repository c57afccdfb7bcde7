"""How long a login must wait that has failed too often: pure.

Three counters look at a login: of the account from this address, of the account from anywhere, and of the
address whatever the account. From some number of failures on, each doubles the wait. An account that has
logged in from this address before (a known place) is held back by the first counter alone, and the second
never makes anybody wait for long: so who knows nothing but a mail address can't keep its owner out.
(OWASP's Authentication Cheat Sheet calls known places device cookies.)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

FIRST_WAIT = 1.0
"""Seconds to wait after the first failure that is one too many; it doubles with each further one."""
FORGOTTEN = timedelta(hours=1)
"""After so long without an attempt nothing is held against anybody."""
KNOWN = timedelta(days=30)
"""For so long a place stays known."""


@dataclass(frozen=True, slots=True)
class Limit:
    """Failures that cost nothing, and the longest wait in seconds."""

    free: int
    longest: float


PLACE = Limit(5, 900.0)
KNOWN_PLACE = Limit(20, 900.0)
ACCOUNT = Limit(20, 30.0)
ADDRESS = Limit(50, 900.0)
RESETS = Limit(30, 900.0)
"""Mails with a new password that an address may ask for, for whatever accounts."""


@dataclass(frozen=True, slots=True)
class Counter:
    """What is stored of failures: how many, of when the last one is, until when to wait, when it went well."""

    failures: int
    at: datetime
    blocked_until: datetime
    known_at: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """`wait` in seconds, 0 to go on; then `counters` is what to store, in the order they came."""

    wait: float
    counters: tuple[Counter, ...] = ()


def decide(place: Counter, account: Counter, address: Counter, now: datetime) -> Verdict:
    """Whether a login may go on, counted as a failure until it has succeeded, so that none runs ahead of its count."""
    known = place.known_at > now - KNOWN
    looked_at = [(place, KNOWN_PLACE if known else PLACE)]
    if not known:
        looked_at += [(account, ACCOUNT), (address, ADDRESS)]
    wait = max((counter.blocked_until - now).total_seconds() for counter, _ in looked_at)
    if wait > 0:
        return Verdict(wait)
    return Verdict(0.0, tuple(_counted(counter, limit, now) for counter, limit in looked_at))


def decide_alone(counter: Counter, limit: Limit, now: datetime) -> Verdict:
    """The same for what only one counter looks at."""
    wait = (counter.blocked_until - now).total_seconds()
    return Verdict(wait) if wait > 0 else Verdict(0.0, (_counted(counter, limit, now),))


def _counted(counter: Counter, limit: Limit, now: datetime) -> Counter:
    failures = 1 if counter.at < now - FORGOTTEN else counter.failures + 1
    too_many = failures - limit.free - 1
    if too_many < 0:
        return Counter(failures, now, now, counter.known_at)
    # The exponent is bounded, as a float is not endless.
    seconds = min(FIRST_WAIT * 2.0 ** min(too_many, 30), limit.longest)
    return Counter(failures, now, now + timedelta(seconds=seconds), counter.known_at)
