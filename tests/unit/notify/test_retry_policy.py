"""When a notification is sent again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.notify.retry_policy import SendOutcome, Verdict, judge

NOW = datetime(2026, 5, 4, 10, tzinfo=UTC)
FAILED = SendOutcome(sent=False, error="no")


def test_six_attempts_within_nine_hours() -> None:
    verdicts = [judge(FAILED, attempt, 60, NOW) for attempt in range(1, 7)]
    delays = [v.next_retry_at - NOW for v in verdicts if v.next_retry_at]
    assert delays == [timedelta(minutes=m) for m in (1, 5, 30, 120, 360)]
    assert [v.status for v in verdicts] == ["pending"] * 5 + ["failed"]


def test_permanent_refusals_are_not_retried() -> None:
    assert judge(SendOutcome(False, "550", permanent=True), 1, 10, NOW) == Verdict("failed")


def test_a_manual_retry_past_the_last_attempt_has_one_try() -> None:
    assert judge(FAILED, 7, 10, NOW) == Verdict("failed")
    assert judge(SendOutcome(sent=True), 7, 10, NOW) == Verdict("sent")
