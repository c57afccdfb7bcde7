"""When a mail is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.notify.retry_policy import MailOutcome, MailVerdict, judge

NOW = datetime(2026, 5, 4, 10, tzinfo=UTC)
FAILED = MailOutcome(sent=False, error="no")


def test_five_attempts_with_doubling_delays() -> None:
    verdicts = [judge(FAILED, attempt, 10, NOW) for attempt in (1, 2, 3, 4, 5)]
    delays = [v.next_retry_at - NOW for v in verdicts if v.next_retry_at]
    assert delays == [timedelta(seconds=s) for s in (10, 20, 40, 80)]
    assert [v.status for v in verdicts] == ["retrying"] * 4 + ["failed"]


def test_permanent_refusals_are_not_retried() -> None:
    assert judge(MailOutcome(False, "550", permanent=True), 1, 10, NOW) == MailVerdict("failed")


def test_a_manual_retry_past_the_last_attempt_has_one_try() -> None:
    assert judge(FAILED, 6, 10, NOW) == MailVerdict("failed")
    assert judge(MailOutcome(sent=True), 6, 10, NOW) == MailVerdict("sent")
