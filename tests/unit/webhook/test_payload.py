"""What an endpoint is told, byte for byte the same each time."""

from __future__ import annotations

from typing import Any

import orjson

from services.webhook.payload import body_of, idempotency_key, narrowed, payload_of
from tests.unit.webhook.commits import ACTOR, commit


def test_a_create_has_the_record_and_no_old() -> None:
    payload = payload_of(commit(after={"id": 1}), "after_write", "wh_1")
    assert payload == {
        "event": "after_write",
        "entity": "ticket",
        "action": "create",
        "record": {"id": 1},
        "user": {"id": ACTOR["id"], "roles": ["admin"]},
        "timestamp": "2026-05-04T10:00:00+00:00",
        "idempotency_key": "wh_1",
    }


def test_an_update_has_both_records_and_the_changes() -> None:
    changed = {"title": {"old": "a", "new": "b"}}
    event = commit("update", {"id": 1, "title": "a"}, {"id": 1, "title": "b"}, changed)
    payload = payload_of(event, "before_write", "wh_1")
    assert (payload["event"], payload["action"]) == ("before_write", "update")
    assert payload["record"] == {"id": 1, "title": "b"}
    assert payload["old"] == {"id": 1, "title": "a"}
    assert payload["changes"] == changed


def test_a_delete_has_the_former_record() -> None:
    before = {"id": 1, "deleted_at": None}
    for after in (None, {"id": 1, "deleted_at": "2026-05-04T10:00:00Z"}):
        payload = payload_of(commit("delete", before, after), "after_delete", "wh_1")
        assert payload["action"] == "delete"
        assert payload["record"] == payload["old"] == before
        assert "changes" not in payload


def test_a_restore_is_sent_as_an_update() -> None:
    assert payload_of(commit("restore", {"id": 1}, {"id": 1}), "after_write", "wh_1")["action"] == "update"


def test_the_idempotency_key_is_per_delivery() -> None:
    keys = {
        idempotency_key(app, webhook, commit_key)
        for app in ("a", "b")
        for webhook in ("v", "w")
        for commit_key in ("1.1", "1.2", "11.1")
    }
    assert len(keys) == 12
    assert all(key.startswith("wh_") and len(key) == 43 for key in keys)
    assert idempotency_key("a", "v", "1.1") in keys


def test_the_body_is_its_payload_as_json() -> None:
    payload = payload_of(commit(after={"name": "Zoë", "price": 1.5}), "after_write", "wh_1")
    assert orjson.loads(body_of(payload)) == payload


def test_a_narrowed_payload_has_no_other_fields() -> None:
    changed: dict[str, dict[str, Any]] = {"title": {"old": "a", "new": "b"}, "price": {"old": 1, "new": 2}}
    event = commit("update", {"id": 1, "title": "a", "price": 1}, {"id": 1, "title": "b", "price": 2}, changed)
    payload = payload_of(event, "after_write", "wh_1")
    told = narrowed(payload, ["title", "gone"])
    assert (told["record"], told["old"], told["changes"]) == (
        {"title": "b"}, {"title": "a"}, {"title": changed["title"]},
    )  # fmt: skip
    assert {name for name in payload if payload[name] != told[name]} == {"record", "old", "changes"}
    assert narrowed(payload, None) == payload and "old" not in narrowed(payload_of(commit(after={}), "x", "k"), ["id"])
