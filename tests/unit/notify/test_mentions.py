"""Mentions in comments become one notification for each new person, whoever wrote it excepted."""

from __future__ import annotations

from typing import Any

from libs.shared.contracts.streams import CommitEvent
from services.notify.mentions import mention_notifications, notifications_of


def event(after: dict[str, Any] | None, before: dict[str, Any] | None = None, **parts: Any) -> CommitEvent:
    values: dict[str, Any] = {
        "position": 7, "n": 1, "commit_id": "c", "app_id": "a", "entity": "_comments", "record_id": "k", "version": 1,
        "action": "update" if before else "create", "before": before, "after": after, "changed": {},
        "actor": {"id": "me"}, "origin": {}, "trace_id": "t", "cause": "request", "cause_depth": 0,
        "schema_version": 1, "at": "2026-11-30T10:00:00Z",
    }  # fmt: skip
    return CommitEvent(**{**values, **parts})


def comment(*ids: str, notified: tuple[str, ...] = ()) -> dict[str, Any]:
    mentions = [{"id": user, "email": f"{user}@x"} for user in ids]
    return {"entity": "page", "record_id": "5", "user_email": "me@x", "body": "Hi", "mentions": mentions,
            "notified": [*notified, *ids]}  # fmt: skip


def test_new_mentions_are_told_once() -> None:
    [asked] = mention_notifications(event(comment("ann", "bob", "me")))
    assert asked.addressees.ids == {"ann", "bob"}
    [again] = mention_notifications(event(comment("ann", "eve", notified=("bob",)), comment("ann", notified=("bob",))))
    assert again.addressees.ids == {"eve"}
    assert mention_notifications(event(comment("bob", notified=("ann",)), comment("ann", notified=("bob",)))) == []


def test_nothing_else_mentions_anybody() -> None:
    for other in (
        event(comment("ann"), entity="page"), event(comment("me")), event(comment()),
        event(None, comment("ann"), action="delete"), event(comment("ann"), comment("ann"), action="restore"),
    ):  # fmt: skip
        assert mention_notifications(other) == []


def test_a_notification_is_about_the_record_and_has_a_key_of_comment_and_person() -> None:
    [asked] = mention_notifications(event(comment("ann")))
    [new] = notifications_of(asked, [("ann@x", "ann")])
    assert (new.entity, new.record_id, new.body, new.effect_key) == ("page", "5", "Hi", "mention/k/ann")
    assert new.subject == "me@x mentioned you in a comment" and new.metadata["comment_id"] == "k"
