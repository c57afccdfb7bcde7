"""What a commit means for the activity of its record, and what is shown of it."""

from __future__ import annotations

from typing import Any

import pytest

from libs.shared.contracts.streams import CommitEvent
from libs.shared.schema import EntityDefinition
from services.events.activity import activity_rows
from services.events.activity_views import commit_entry, step_entry
from tests.support.client import entity, text

PAGE = EntityDefinition.model_validate(
    entity("page", text("title"), text("status"), {"name": "at", "type": "timestamp", "auto": "update"})
)
CHANGE = {"old": 1, "new": 2}


def event(action: str = "update", changed: tuple[str, ...] = (), **parts: Any) -> CommitEvent:
    values: dict[str, Any] = {
        "position": 7, "n": 1, "commit_id": "c", "app_id": "a", "entity": "page", "record_id": "5", "version": 1,
        "action": action, "before": None, "after": None, "changed": dict.fromkeys(changed, CHANGE), "actor": {},
        "origin": {}, "trace_id": "t", "cause": "request", "cause_depth": 0, "schema_version": 1,
        "at": "2026-11-30T10:00:00Z",
    }  # fmt: skip
    return CommitEvent(**{**values, **parts})


@pytest.mark.parametrize(
    ("happened", "told"),
    [
        (event("create"), [("created", None)]),
        (event("create", cause="undo"), [("restored", None)]),
        (event("delete"), [("deleted", None)]),
        (event("restore"), [("restored", None)]),
        (event(changed=("title", "at")), [("field_update", None)]),
        (event(changed=("status", "at")), [("state_change", "status")]),
        (event(changed=("status", "title")), [("state_change", "status"), ("field_update", None)]),
        (event(changed=("at", "deleted_at")), []),
    ],
)
def test_a_commit_tells_what_it_did(happened: CommitEvent, told: list[tuple[str, str | None]]) -> None:
    rows = activity_rows(happened, PAGE, {"status"})
    assert [(row["type"], row["field"]) for row in rows] == told
    assert len({row["id"] for row in rows}) == len(rows) and rows == activity_rows(happened, PAGE, {"status"})


def test_comments_are_told_of_their_record_when_they_are_made() -> None:
    after = {"entity": "page", "record_id": "5"}
    [row] = activity_rows(event("create", entity="_comments", record_id="k", after=after), None, ())
    assert (row["type"], row["entity"], row["record_id"], row["comment_id"]) == ("comment", "page", "5", "k")
    for action in ("update", "delete", "restore"):
        assert activity_rows(event(action, entity="_comments", after=after), None, ()) == []
    assert activity_rows(event("create", entity="page_tags"), None, ()) == []


def row(kind: str, **parts: Any) -> dict[str, Any]:
    return {"id": "x", "position": 7, "n": 1, "type": kind, "field": None, "comment_id": None, **parts}


def about(changed: dict[str, Any] | None, comments: dict[str, Any] | None = None) -> dict[str, Any]:
    entry = {"changed": changed, "user": {"id": "u", "email": "u@x"}, "at": "now", "cause": "undo"}
    entries = {} if changed is None else {"7.1": entry}
    return {"entity": "page", "record_id": "5", "states": ["status"], "entries": entries, "comments": comments or {}}


def test_an_entry_shows_what_may_be_read_and_is_absent_where_nothing_may() -> None:
    both = {"status": CHANGE, "title": CHANGE}
    updated = commit_entry(row("field_update"), about(both))
    assert updated and updated["metadata"] == {"changed": {"title": CHANGE}} and updated["summary"] == "Changed title"
    assert updated["cause"] == "undo" and updated["user_email"] == "u@x"
    moved = commit_entry(row("state_change", field="status"), about(both))
    assert (
        moved and moved["metadata"] == {"field": "status", "from": 1, "to": 2} and moved["summary"] == "status: 1 → 2"
    )
    assert commit_entry(row("state_change", field="status"), about({"title": CHANGE})) is None
    assert commit_entry(row("field_update"), about({"status": CHANGE})) is None
    assert commit_entry(row("created"), about(None)) is None
    created = commit_entry(row("created"), about({}))
    assert created and created["summary"] == "Created" and created["metadata"] == {}
    assert commit_entry(row("comment", comment_id="k"), about({})) is None


def test_a_step_shows_who_decided() -> None:
    step = {"id": "x", "instance_id": "i", "workflow": "w", "step": None, "status": "cancelled", "by": "u", "at": "now"}
    entry = step_entry({**step, "on_behalf_of": "b"}, about({}), None)
    assert (entry["summary"], entry["user_id"], entry["on_behalf_of"]) == ("w: instance cancelled", "u", "b")
    assert "comment" not in entry["metadata"]
