"""When a delivery is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.webhook.retry_policy import MAX_DELAY_S, DeliveryRetryPolicy, Verdict, judge, retry_after

NOW = datetime(2026, 5, 4, 10, tzinfo=UTC)
POLICY = DeliveryRetryPolicy("exponential", 30)


@pytest.mark.parametrize(
    ("backoff", "delays"),
    [("exponential", [30, 60, 120, 240]), ("linear", [30, 30, 30, 30])],
)
def test_delays_follow_the_backoff(backoff: str, delays: list[float]) -> None:
    assert [DeliveryRetryPolicy(backoff, 30).delay(attempt) for attempt in (1, 2, 3, 4)] == delays


@given(st.integers(1, 1000), st.floats(0, 1), st.sampled_from(["exponential", "linear"]), st.floats(0, 1))
def test_jitter_stays_within_its_share(attempt: int, chance: float, backoff: str, jitter: float) -> None:
    middle = DeliveryRetryPolicy(backoff, 30).delay(attempt)
    assert middle <= MAX_DELAY_S
    delay = DeliveryRetryPolicy(backoff, 30, jitter=jitter).delay(attempt, chance)
    assert middle * (1 - jitter) - 1e-6 <= delay <= middle * (1 + jitter) + 1e-6


def test_the_policy_bounds_the_delay() -> None:
    assert DeliveryRetryPolicy("exponential", 30, longest=45).delay(7) == 45
    assert POLICY.delay(100) == MAX_DELAY_S


def test_success_ends_the_retries() -> None:
    assert judge(True, 1, 3, POLICY, NOW) == Verdict("delivered")
    assert judge(True, 9, 3, POLICY, NOW) == Verdict("delivered")


def test_a_failure_is_retried_while_attempts_are_left() -> None:
    assert judge(False, 1, 3, POLICY, NOW) == Verdict("retrying", NOW + timedelta(seconds=30))
    assert judge(False, 2, 3, POLICY, NOW) == Verdict("retrying", NOW + timedelta(seconds=60))
    assert judge(False, 3, 3, POLICY, NOW) == Verdict("failed")


def test_one_attempt_means_no_retry() -> None:
    assert judge(False, 1, 1, POLICY, NOW) == Verdict("failed")


def test_a_manual_retry_past_the_last_attempt_has_one_try() -> None:
    assert judge(False, 4, 3, POLICY, NOW) == Verdict("failed")


def test_retry_after_is_respected() -> None:
    assert judge(False, 1, 3, POLICY, NOW, not_before=300) == Verdict("retrying", NOW + timedelta(seconds=300))
    assert judge(False, 1, 3, POLICY, NOW, not_before=1) == Verdict("retrying", NOW + timedelta(seconds=30))


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (" 5 ", 5),
        ("999999999999999999999", 3600),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
        (format_datetime(NOW - timedelta(days=1), usegmt=True), 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 3600),
        (None, None),
        ("", None),
        ("-1", None),
        ("soon", None),
        ("²", None),
        ("Mon, 99 May 2026 10:00:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_bounded(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW, 3600) == seconds
