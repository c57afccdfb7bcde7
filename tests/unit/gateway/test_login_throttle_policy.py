"""Who must wait after failed logins, and who never has to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.gateway.identity.login_throttle_policy import (
    ACCOUNT,
    ADDRESS,
    FAILURE_LIFETIME,
    KNOWN_PLACE,
    PLACE,
    FailureLimit,
    decide,
    decide_alone,
)
from services.gateway.identity.store.attempts import FailureCounter

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 26, tzinfo=UTC)
FRESH = FailureCounter(0, NOW, EPOCH, EPOCH)


def after(failures: int, limit: FailureLimit, now: datetime = NOW) -> FailureCounter:
    """The counter after so many failures, each tried as soon as that is possible."""
    counter = FRESH
    for _ in range(failures):
        now = max(now, counter.blocked_until)
        (counter,) = decide_alone(counter, limit, now).counters
    return counter


def test_the_first_failures_cost_nothing_then_the_wait_doubles() -> None:
    waits = [(after(n, PLACE).blocked_until - after(n, PLACE).at).total_seconds() for n in range(1, 19)]
    assert waits == [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]


def test_who_has_to_wait_is_not_counted_further() -> None:
    blocked = after(6, PLACE)
    verdict = decide(blocked, FRESH, FRESH, NOW)
    assert 0 < verdict.wait <= 1 and verdict.counters == ()


def test_a_known_place_is_held_back_by_its_own_failures_alone() -> None:
    hopeless = FailureCounter(10_000, NOW, NOW + timedelta(hours=1), EPOCH)
    known = replace(FRESH, known_at=NOW - timedelta(days=29))
    assert decide(known, hopeless, hopeless, NOW).wait == 0
    assert decide(replace(known, known_at=NOW - timedelta(days=31)), hopeless, FRESH, NOW).wait > 0
    assert decide(replace(after(KNOWN_PLACE.free + 1, KNOWN_PLACE), known_at=NOW), FRESH, FRESH, NOW).wait > 0


@given(st.integers(0, 10**9))
def test_nobody_can_make_an_accounts_owner_wait_for_long(failures: int) -> None:
    """Whatever others do from wherever, somebody at a new address can try within half a minute."""
    (_, account, _) = decide(FRESH, replace(FRESH, failures=failures), FRESH, NOW).counters
    assert (account.blocked_until - NOW).total_seconds() <= ACCOUNT.max_wait_s == 30


def test_what_was_long_ago_is_forgotten() -> None:
    long_ago = replace(after(15, PLACE), at=NOW - FAILURE_LIFETIME - timedelta(seconds=1), blocked_until=EPOCH)
    (counter,) = decide_alone(long_ago, PLACE, NOW).counters
    assert counter.failures == 1


def test_all_that_is_counted_is_counted_before_the_outcome_is_known() -> None:
    counters = decide(FRESH, FRESH, FRESH, NOW).counters
    assert [counter.failures for counter in counters] == [1, 1, 1]
    assert ADDRESS.free > ACCOUNT.free > PLACE.free
