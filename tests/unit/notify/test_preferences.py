"""Whether, when and together with what a person is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.shared.contracts.notification_bodies import PreferencesBody
from services.notify.matching import NewNotification
from services.notify.preferences import BURST, Preferences, burst_key, gathered, next_digest
from services.notify.unsubscribing import muting_of, read_token, token_of

NOW = datetime(2026, 3, 28, 10, 20, tzinfo=UTC)
MAIL = NewNotification(
    "email", "ann@b.example", "s", "b", "k", user_id="ann", entity="ticket", metadata={"rule": "r", "rule_id": "1"}
)


def applied(new: NewNotification, **wanted: Any) -> NewNotification:
    return Preferences({"ann": PreferencesBody.model_validate(wanted)}).applied(new, NOW)


@pytest.mark.parametrize("muted", [{"entity": "ticket"}, {"rule": "r"}])
def test_muted_notifications_are_skipped_with_a_reason(muted: dict[str, str]) -> None:
    [(kind, name)] = muted.items()
    assert applied(MAIL, muted=[muted]).reason == f"the recipient has muted the {kind} {name}"
    assert applied(MAIL, muted=[{kind: "other"}]) == MAIL
    assert applied(replace(MAIL, user_id="bob"), muted=[muted]).reason is None


def test_what_asks_for_a_decision_and_what_services_send_is_not_muted() -> None:
    about = {"workflow": {"name": "w", "occasion": "approval_requested"}}
    off = {"channels": {"email": {"enabled": False}}, "muted": [{"workflow": "w"}]}
    assert applied(replace(MAIL, metadata=about), **off).reason is None
    assert applied(replace(MAIL, metadata={"workflow": {"name": "w", "occasion": "completed"}}), **off).reason
    assert applied(replace(MAIL, mandatory=True), **off).reason is None


@pytest.mark.parametrize(
    ("digest", "at", "zone", "due"),
    [
        ("hourly", "08:00", "UTC", "2026-03-28T11:00"),
        ("hourly", "08:00", "Asia/Kolkata", "2026-03-28T10:30"),
        ("daily", "08:00", "UTC", "2026-03-29T08:00"),
        ("daily", "11:30", "UTC", "2026-03-28T11:30"),
        # The clocks go forward in the night.
        ("daily", "08:00", "Europe/Berlin", "2026-03-29T06:00"),
        ("daily", "11:30", "Europe/Berlin", "2026-03-28T10:30"),
    ],
)
def test_digests_are_due_by_the_clock_of_the_person(digest: str, at: str, zone: str, due: str) -> None:
    assert next_digest(digest, at, zone, NOW) == datetime.fromisoformat(f"{due}+00:00")


@given(
    st.integers(0, 365 * 24 * 60).map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]),
    st.sampled_from(["hourly", "daily"]),
)
def test_a_digest_is_always_due_soon(now: datetime, zone: str, digest: str) -> None:
    due = next_digest(digest, "02:30", zone, now)
    assert now < due <= now + (timedelta(hours=25) if digest == "daily" else timedelta(hours=1))


def test_the_first_of_a_burst_goes_at_once_and_the_rest_together() -> None:
    key = burst_key(MAIL)
    first, second, third = gathered([MAIL, MAIL, MAIL], {}, NOW)
    assert first == MAIL and second.hold == third.hold and second.due_at == NOW + BURST
    assert key is not None
    [late] = gathered([MAIL], {key: NOW - timedelta(seconds=20)}, NOW)
    assert late.due_at == NOW + timedelta(seconds=40)
    assert [each.hold for each in gathered([replace(MAIL, channel="in_app")] * 2, {}, NOW)] == [None, None]


def test_links_of_mails_mute_what_they_are_about_for_their_receiver_only() -> None:
    assert muting_of("rule", "ticket", {"rule": "r"}) == {"rule": "r"}
    assert muting_of("mail", None, {}) is None
    token = token_of("secret", "app", "ann", {"rule": "r"})
    assert read_token("secret", "app", token) == ("ann", {"rule": "r"})
    assert read_token("secret", "other", token) is None and read_token("secret", "app", "x" + token) is None
    assert read_token("secret", "app", "") is None
