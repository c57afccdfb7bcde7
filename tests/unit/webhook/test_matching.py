"""Which commits become deliveries."""

from __future__ import annotations

from typing import Any

import pytest

from libs.shared.snapshots.subscriptions import SubscriptionIndex
from services.webhook.deliveries import NewDelivery
from services.webhook.matching import WEBHOOKS, WebhookIndex, decide
from tests.support.schemas import schema_with
from tests.unit.webhook.commits import APP, commit

HOOK_ID = "0190a000-0000-7000-8000-0000000000aa"


def webhook(**parts: Any) -> dict[str, Any]:
    return {"id": HOOK_ID, "entity": "ticket", "url": "https://example.com/hook", **parts}


def index(*documents: dict[str, Any]) -> WebhookIndex:
    return SubscriptionIndex.of(WEBHOOKS, schema_with("webhooks", list(documents)))


def deliveries(document: dict[str, Any], event: Any) -> list[NewDelivery]:
    candidates = index(document).candidates(event)
    return [found for each in candidates if (found := decide(APP, each, event))]


@pytest.mark.parametrize(
    ("hook", "actions"),
    [
        ("after_write", ["create", "update"]),
        ("before_write", ["create", "update"]),
        ("after_delete", ["delete"]),
        ("before_delete", ["delete"]),
    ],
)
def test_hooks_match_their_actions_only(hook: str, actions: list[str]) -> None:
    document = webhook(hook=hook)
    hit = [a for a in ("create", "update", "delete") if deliveries(document, commit(a, {"id": 1}, {"id": 1}))]
    assert hit == actions


def test_other_entities_and_inactive_webhooks_deliver_nothing() -> None:
    assert not deliveries(webhook(), commit(after={"id": 1}, entity="person"))
    assert not deliveries(webhook(active=False), commit(after={"id": 1}))


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("", True),
        ("  ", True),
        ("record.status == 'open'", True),
        ("old.status == 'new' && changes.status.new == 'open'", True),
        ("action === 'create'", False),
        ("entity == 'ticket' && event == 'after_write' && 'admin' in user.roles", True),
        ("changes.title != nil", False),
    ],
)
def test_a_condition_reads_the_change(condition: str, holds: bool) -> None:
    changed = {"status": {"old": "new", "new": "open"}}
    event = commit("update", {"status": "new"}, {"status": "open"}, changed)
    assert bool(deliveries(webhook(condition=condition), event)) is holds


def test_a_condition_on_a_create_finds_no_old_and_no_changes() -> None:
    event = commit(after={"status": "new"}, changed={"status": {"old": None, "new": "new"}})
    assert deliveries(webhook(condition="old == nil && changes.status == nil"), event)


def test_a_condition_that_cannot_be_evaluated_is_a_visible_failure() -> None:
    [delivery] = deliveries(webhook(condition="record.title - 1 > 0"), commit(after={"title": "x"}))
    assert delivery.error is not None
    assert delivery.error.startswith("the condition could not be evaluated: ")


def test_a_delivery_copies_its_definition() -> None:
    document = webhook(
        method="PUT",
        headers={"X-Key": "{{env.KEY}}"},
        retry={"max_attempts": 5, "backoff": "linear"},
    )
    [delivery] = deliveries(document, commit(after={"id": 1}))
    assert (delivery.webhook_id, delivery.commit_key, delivery.method) == (HOOK_ID, "7.1", "PUT")
    assert delivery.headers == {"Content-Type": "application/json", "X-Key": "{{env.KEY}}"}
    assert (delivery.max_attempts, delivery.backoff, delivery.error) == (5, "linear", None)
    assert delivery.idempotency_key in delivery.body


def test_a_content_type_of_the_definition_stands() -> None:
    [delivery] = deliveries(webhook(headers={"content-type": "application/cloudevents+json"}), commit(after={}))
    assert delivery.headers == {"content-type": "application/cloudevents+json"}


def test_a_document_of_an_older_rocket_does_not_stop_the_others() -> None:
    found = index({"id": "x", "entity": "ticket"}, webhook())
    assert [each.id for each in found.candidates(commit(after={}))] == [HOOK_ID]


def test_synchronous_webhooks_are_not_delivered_again() -> None:
    assert not deliveries(webhook(hook="before_write", **{"async": False}), commit(after={"id": 1}))


def test_a_replay_is_a_new_delivery() -> None:
    [first] = deliveries(webhook(), commit(after={"id": 1}))
    found = index(webhook()).by_id[HOOK_ID]
    again = decide(APP, found, commit(after={"id": 1}), "replay/r1")
    assert again is not None
    assert (first.origin, again.origin, again.commit_key) == ("commit", "replay", "replay/r1/7.1")
    assert again.idempotency_key != first.idempotency_key


def test_a_commit_is_matched_with_the_webhooks_of_its_version() -> None:
    today = index(webhook(condition="record.id == 2"), {**webhook(), "id": "new"})
    then = today.past(3, [webhook(condition="record.id == 1"), {**webhook(), "id": "deleted since"}])
    [found] = then.candidates(commit(after={"id": 1}))
    assert decide(APP, found, commit(after={"id": 1}))
    assert not decide(APP, found, commit(after={"id": 2}))


def test_a_renamed_entity_matches_under_both_names() -> None:
    today = index(webhook())
    then = today.past(3, [webhook(entity="issue")])
    assert [len(then.candidates(commit(after={}, entity=name))) for name in ("issue", "ticket", "other")] == [1, 1, 0]
