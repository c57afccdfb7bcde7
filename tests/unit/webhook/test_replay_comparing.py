"""Verification: whether a stored delivery is what its commit results in, under former names too."""

from __future__ import annotations

from typing import Any

import pytest

from libs.shared import exact
from libs.shared.contracts.schemas import NamesEver
from services.webhook.replays.comparing import differences

NAMES = NamesEver({"ticket": ["ticket", "issue"]}, {"ticket": ["id", "title"], "issue": ["id", "subject"]})
BODY = {"event": "after_write", "entity": "ticket", "record": {"id": 1, "title": "a"}, "idempotency_key": "k"}


def expected(**body: Any) -> dict[str, Any]:
    return {"entity": "ticket", "hook": "after_write", "request_body": exact.dumps({**BODY, **body}).decode()}


def stored(entity: str = "ticket", hook: str = "after_write", **body: Any) -> dict[str, Any]:
    return {"entity": entity, "hook": hook, "request_body": {**BODY, "entity": entity, **body}}


@pytest.mark.parametrize(
    "row",
    [
        stored(),
        stored("issue"),
        stored(record={"id": 1, "subject": "a"}),
        stored(record={"id": 1}),
        stored("issue", record={"id": 1, "subject": "other: a former name says nothing"}),
    ],
    ids=["same", "former entity", "former field", "field left out", "value under a former name"],
)
def test_equal_deliveries(row: dict[str, Any]) -> None:
    assert differences(expected(), row, NAMES) == []


@pytest.mark.parametrize(
    ("row", "columns"),
    [
        (stored(hook="after_delete"), ["hook"]),
        (stored("page"), ["entity", "request_body"]),
        (stored(record={"id": 2, "title": "a"}), ["request_body"]),
        (stored(record={"id": 1, "title": "b"}), ["request_body"]),
        (stored(record={"id": 1, "title": "a", "secret": 1}), ["request_body"]),
        (stored(idempotency_key="other"), ["request_body"]),
        (stored(more=1), ["request_body"]),
        ({**stored(), "request_body": None}, ["request_body"]),
    ],
)
def test_differing_columns_are_named(row: dict[str, Any], columns: list[str]) -> None:
    assert differences(expected(), row, NAMES) == columns
