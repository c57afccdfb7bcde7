"""Signatures, as the official library verifies them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from libs.shared.schema.webhook_secrets import format_secret, signature_headers, signing_key
from services.webhook.signing import MAX_PREVIOUS_SALTS, PREVIOUS_SECRET_LIFETIME, Salts

BODY = '{"record":{"name":"Zoë"}}'
OLD, NEW, OTHER = (signing_key("platform secret", "app", "webhook", salt) for salt in ("", "s1", "s2"))


def now() -> datetime:
    return datetime.now(UTC)


def test_the_official_library_verifies_our_signatures() -> None:
    headers = signature_headers([OLD], "wh_1", BODY.encode(), now())
    assert Webhook(format_secret(OLD)).verify(BODY, headers) == {"record": {"name": "Zoë"}}


def test_both_secrets_are_valid_during_rotation() -> None:
    headers = signature_headers([NEW, OLD], "wh_1", BODY.encode(), now())
    for key in (OLD, NEW):
        Webhook(format_secret(key)).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(format_secret(OTHER)).verify(BODY, headers)


@pytest.mark.parametrize("minutes", [-6, 6])
def test_timestamps_outside_the_tolerance_are_refused(minutes: int) -> None:
    headers = signature_headers([OLD], "wh_1", BODY.encode(), now() + timedelta(minutes=minutes))
    with pytest.raises(WebhookVerificationError, match="timestamp too"):
        Webhook(format_secret(OLD)).verify(BODY, headers)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp"])
def test_changed_payloads_are_refused(name: str) -> None:
    headers = signature_headers([OLD], "wh_1", BODY.encode(), now())
    changed = {**headers, name: "wh_2" if name == "webhook-id" else str(int(headers[name]) + 1)}
    for body, sent in ((BODY, changed), (BODY.replace("Zoë", "Zoe"), headers)):
        with pytest.raises(WebhookVerificationError):
            Webhook(format_secret(OLD)).verify(body, sent)


def test_secrets_differ_by_platform_app_webhook_and_salt() -> None:
    keys = {
        signing_key(platform, app, webhook, salt)
        for platform in "pq"
        for app in "ab"
        for webhook in "vw"
        for salt in ("", "s")
    }
    assert len(keys) == 16
    assert {len(key) for key in keys} == {32}


def test_a_rotated_salt_is_valid_for_a_day() -> None:
    moment = now()
    salts = Salts().rotated("s1", moment)
    assert salts.valid(moment) == ["s1", ""]
    assert salts.valid(moment + PREVIOUS_SECRET_LIFETIME) == ["s1"]
    again = salts.rotated("s2", moment + timedelta(hours=1))
    assert again.valid(moment + timedelta(hours=2)) == ["s2", "s1", ""]
    assert again.valid(moment + timedelta(hours=24.5)) == ["s2", "s1"]


def test_many_rotations_keep_the_latest() -> None:
    salts, moment = Salts(), now()
    for number in range(10):
        salts = salts.rotated(str(number), moment)
    assert salts.valid(moment) == ["9", "8", "7", "6", "5"]
    assert len(salts.previous) == MAX_PREVIOUS_SALTS
