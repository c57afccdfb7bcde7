"""What the answers of receivers mean that are asked before a write."""

from __future__ import annotations

from typing import Any

import pytest

from libs.shared.snapshots.subscriptions import SubscriptionIndex
from services.webhook.matching import WEBHOOKS, Webhook
from services.webhook.sending import AttemptOutcome
from services.webhook.synchronous_webhooks import MAX_REASON_CHARACTERS, reason_of, verdict_of
from tests.support.schemas import schema_with

DOCUMENT: dict[str, Any] = {
    "id": "w", "entity": "ticket", "url": "https://example.com", "hook": "before_write", "async": False,
}  # fmt: skip
WEBHOOK: Webhook = SubscriptionIndex.of(WEBHOOKS, schema_with("webhooks", [DOCUMENT])).by_id["w"]


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, "allowed"), (204, "allowed"), (302, "refused"), (400, "refused"), (403, "refused"), (422, "refused"),
        (408, "away"), (429, "away"), (500, "away"), (503, "away"), (None, "away"),
    ],
)  # fmt: skip
def test_rejections_are_told_from_failures(status: int | None, verdict: str) -> None:
    good = status is not None and status < 300
    outcome = AttemptOutcome(status, "no", None if good else f"the endpoint answered {status}")
    assert verdict_of(WEBHOOK, outcome)[0] == verdict


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('{"message": "too much"}', "too much"),
        ('{"reason": "too late"}', "too late"),
        ('{"error": {"code": "X", "message": "inner"}}', "inner"),
        ('{"message": "", "detail": "second"}', "second"),
        ('"a text"', "a text"),
        ("plain text", "plain text"),
        ("<html>no reason</html>", ""),
        ("[1]", ""),
        ("{}", ""),
        ("", ""),
        (None, ""),
        ("x" * 2 * MAX_REASON_CHARACTERS, "x" * MAX_REASON_CHARACTERS),
    ],
)
def test_the_reason_comes_from_the_response(body: str | None, reason: str) -> None:
    assert reason_of(body) == reason


def test_a_rejection_without_a_reason_names_the_status() -> None:
    assert verdict_of(WEBHOOK, AttemptOutcome(403, None, "the endpoint answered 403")) == (
        "refused",
        "A before_write webhook refused: the endpoint answered 403",
    )
