"""The request of a delivery: decided by its commit, sent to where its webhook points today."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from libs.shared.snapshots.subscriptions import SubscriptionIndex
from services.webhook.deliveries import REDELIVERY, TEST, ClaimedDelivery, origin_of, public_url
from services.webhook.matching import WEBHOOKS, WebhookIndex
from services.webhook.requests import RequestBuilder, Unsendable, urls_of
from services.webhook.retry_policy import DEFAULT_JITTER_SHARE, MAX_DELAY_S, DeliveryRetryPolicy
from services.webhook.settings import WebhookSettings
from services.webhook.signing import Salts
from services.webhook.transition_actions import deliveries_of
from tests.support.schemas import schema_with
from tests.unit.webhook.commits import APP, commit

NOW = datetime(2026, 5, 4, tzinfo=UTC)
HOOK = "0190a000-0000-7000-8000-0000000000aa"
BUILDER = RequestBuilder(WebhookSettings.model_construct(secret_key="s" * 40, webhook_timeout=10.0))
CLAIMED = ClaimedDelivery(
    commit_key="1.1",
    id="d", webhook_id=HOOK, endpoint=HOOK, entity="ticket", record_id="r", hook="after_write", url="http://then/",
    method="POST", headers={"X": "then"}, body="{}", attempt=0, max_attempts=3, backoff="exponential",
    idempotency_key="k", trace_id="t", origin="commit", ordered=False, claimed_until=NOW, ailing=False, salts=Salts(),
)  # fmt: skip


def index(**parts: Any) -> WebhookIndex:
    document = {"id": HOOK, "entity": "ticket", "url": "http://now/", **parts}
    return SubscriptionIndex.of(WEBHOOKS, schema_with("webhooks", [document]))


def test_a_delivery_goes_where_its_webhook_points_today() -> None:
    request = BUILDER.of(APP, CLAIMED, index(method="PUT", headers={"X": "now"}, timeout=2), NOW)
    assert (request.method, request.url, request.headers["X"], request.timeout) == ("PUT", "http://now/", "now", 2)
    assert request.body == "{}"


def test_the_setting_bounds_the_timeout_of_a_webhook() -> None:
    assert BUILDER.of(APP, CLAIMED, index(timeout=30), NOW).timeout == 10.0
    assert BUILDER.of(APP, CLAIMED, index(), NOW).timeout == 10.0


def test_a_replay_is_marked() -> None:
    assert "webhook-replay" in BUILDER.of(APP, replace(CLAIMED, origin=REDELIVERY), index(), NOW).headers
    assert "webhook-replay" not in BUILDER.of(APP, CLAIMED, index(), NOW).headers


def test_deleted_and_inactive_webhooks_are_not_sent_but_for_tests() -> None:
    with pytest.raises(Unsendable, match="deleted"):
        BUILDER.of(APP, replace(CLAIMED, webhook_id="other"), index(), NOW)
    with pytest.raises(Unsendable, match="not active"):
        BUILDER.of(APP, CLAIMED, index(active=False), NOW)
    assert BUILDER.of(APP, replace(CLAIMED, origin=TEST), index(active=False), NOW).url == "http://now/"


def test_an_action_goes_where_it_was_decided() -> None:
    action = replace(CLAIMED, hook="transition", webhook_id="machine")
    assert BUILDER.of(APP, action, index(), NOW).url == "http://then/"


def test_rotated_secrets_sign_until_they_end() -> None:
    salts = Salts("b", [("a", NOW + timedelta(hours=1)), ("old", NOW - timedelta(hours=1))])
    current, former = BUILDER.keys(APP, HOOK, salts, NOW)
    assert [current] == BUILDER.keys(APP, HOOK, Salts("b"), NOW)
    assert [former] == BUILDER.keys(APP, HOOK, Salts("a"), NOW)
    assert BUILDER.keys(APP, "other", salts, NOW)[0] != current


def test_the_retry_policy_is_the_webhooks_or_the_settings() -> None:
    builder = RequestBuilder(WebhookSettings.model_construct(secret_key="s" * 40, webhook_retry_seconds=7.0))
    default = DeliveryRetryPolicy("exponential", 7.0, MAX_DELAY_S, DEFAULT_JITTER_SHARE)
    assert builder.policy(CLAIMED, index()) == default
    assert builder.policy(replace(CLAIMED, webhook_id="gone"), index()) == default
    own = builder.policy(CLAIMED, index(retry={"delay": 2, "jitter": 0.5, "max_delay": 60}))
    assert own == DeliveryRetryPolicy("exponential", 2, 60, 0.5)


def test_urls_of_endpoints() -> None:
    assert urls_of([HOOK, "gone", "http://h:1"], index()) == {
        HOOK: "http://now/",
        "gone": None,
        "http://h:1": "http://h:1",
    }


@pytest.mark.parametrize(
    ("url", "origin", "shown"),
    [
        ("HTTP://User:pw@Host:80/a?key=1", "http://host:80", "http://host:80/a"),
        ("https://[::1]/x#y", "https://::1", "https://::1/x"),
        ("http://host:port/", "://", ":///"),
    ],
)
def test_what_is_shown_of_a_url(url: str, origin: str, shown: str) -> None:
    assert (origin_of(url), public_url(url)) == (origin, shown)


TRANSITION = {"machine": "m", "from": "open", "to": "done"}
EFFECT = {"type": "webhook", "url": "http://h/x", "method": "POST", "headers": {"N": 5}, "transition": TRANSITION}


def test_each_webhook_action_of_a_transition_is_one_delivery() -> None:
    event = replace(commit("update", {"id": 1}, {"id": 1}), effects=[{"type": "send_event"}, EFFECT, EFFECT])
    assert deliveries_of(APP, commit()) == []
    first, second = deliveries_of(APP, event)
    assert (first.commit_key, second.commit_key) == (f"{event.key}/1", f"{event.key}/2")
    assert first.idempotency_key != second.idempotency_key
    assert (first.webhook_id, first.endpoint, first.headers["N"]) == ("m", "http://h", "5")
    assert '"transition":{"from":"open","to":"done"}' in first.body
    assert deliveries_of(APP, event) == [first, second]
