"""When a delivery is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.webhook.retry_policy import Verdict, delay, judge

NOW = datetime(2026, 5, 4, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("backoff", "delays"),
    [("exponential", [30, 60, 120, 240]), ("linear", [30, 30, 30, 30])],
)
def test_delays_follow_the_backoff(backoff: str, delays: list[float]) -> None:
    assert [delay(attempt, backoff, 30) for attempt in (1, 2, 3, 4)] == delays


def test_no_delay_is_longer_than_a_day() -> None:
    assert delay(100, "exponential", 30) == 86_400


def test_success_is_the_end() -> None:
    assert judge(True, 1, 3, "exponential", 30, NOW) == Verdict("delivered")
    assert judge(True, 9, 3, "exponential", 30, NOW) == Verdict("delivered")


def test_a_failure_is_retried_while_attempts_are_left() -> None:
    assert judge(False, 1, 3, "exponential", 30, NOW) == Verdict("retrying", NOW + timedelta(seconds=30))
    assert judge(False, 2, 3, "exponential", 30, NOW) == Verdict("retrying", NOW + timedelta(seconds=60))
    assert judge(False, 3, 3, "exponential", 30, NOW) == Verdict("failed")


def test_one_attempt_means_no_retry() -> None:
    assert judge(False, 1, 1, "linear", 30, NOW) == Verdict("failed")


def test_a_manual_retry_past_the_last_attempt_has_one_try() -> None:
    assert judge(False, 4, 3, "exponential", 30, NOW) == Verdict("failed")
