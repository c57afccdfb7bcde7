"""What the relay tells only those who hear of every commit."""

from __future__ import annotations

from typing import Any

import pytest

from libs.shared.contracts.streams import HEARD_EVERY_COMMITS, CommitEvent
from libs.shared.schema import Snapshot
from services.data.log.source import is_quiet

AWAITED = {
    "webhooks": [{"entity": "hooked", "active": False}],
    "workflows": [{"trigger": {"entity": "flowing"}}, {"trigger": None}],
    "notification-rules": [{"entity": "told"}, {}],
}
SCHEMA = Snapshot.read(7, {"entities": [], "kinds": AWAITED})


def commit(**parts: Any) -> CommitEvent:
    event: dict[str, Any] = {
        "position": HEARD_EVERY_COMMITS, "n": 1, "commit_id": "", "app_id": "", "entity": "plain", "record_id": "1",
        "version": 1, "action": "create", "before": None, "after": {}, "changed": {}, "actor": {}, "origin": {},
        "trace_id": "", "cause": "", "cause_depth": 0, "schema_version": 7, "at": "",
    }  # fmt: skip
    return CommitEvent(**{**event, **parts})


def test_commits_that_nothing_awaits_are_quiet() -> None:
    assert is_quiet(SCHEMA, commit())


@pytest.mark.parametrize(
    "parts",
    [
        {"entity": "hooked"},
        {"entity": "flowing"},
        {"entity": "told"},
        {"effects": ({"type": "webhook"},)},
        {"schema_version": 6},
        {"n": HEARD_EVERY_COMMITS},
        {"position": 2 * HEARD_EVERY_COMMITS - 1},
    ],
    ids=str,
)
def test_commits_that_may_matter_are_delivered(parts: dict[str, Any]) -> None:
    assert not is_quiet(SCHEMA, commit(**parts))
