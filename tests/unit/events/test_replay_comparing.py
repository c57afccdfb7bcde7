"""Verification: whether a stored audit row is what its log entry says; and the NATS rights of subscribers."""

from __future__ import annotations

from typing import Any

import pytest

from libs.shared.contracts.schemas import NamesEver
from libs.shared.contracts.streams import COMMITS, SIGNALS
from libs.shared.schema.secrecy import MASK
from services.events.replays.comparing import ADDED_COLUMNS, COMPARED_COLUMNS, differences
from services.events.subscribers.rights import Subscriber

NAMES = NamesEver({"person": ["person", "human"]}, {"person": ["id", "name", "label", "later"]})


def row(new: Any = None, old: Any = None, **more: Any) -> dict[str, Any]:
    columns: dict[str, Any] = {
        **dict.fromkeys(COMPARED_COLUMNS, "x"),
        **dict.fromkeys(ADDED_COLUMNS),
        "entity": "person",
    }
    new = {"id": 1, "name": "Ann"} if new is None else new
    return {**columns, "old_data": old, "new_data": new, "changed_fields": ["name"], **more}


@pytest.mark.parametrize(
    "stored",
    [
        row(),
        row(entity="human"),
        row({"id": 1, "name": MASK}),
        row({"id": 1, "label": "Ann"}),
        row({"id": 1, "label": MASK}),
        row(changed_fields=["label"]),
    ],
    ids=["same", "former entity", "masked", "former field", "former field, masked", "former name in the changes"],
)
def test_equal_rows(stored: dict[str, Any]) -> None:
    assert differences(row(), stored, NAMES) == []


def test_columns_that_came_later_may_be_empty() -> None:
    assert differences(row(cause="undo"), row(), NAMES) == []
    assert differences(row(), row(cause="undo"), NAMES) == ["cause"]


@pytest.mark.parametrize(
    ("stored", "columns"),
    [
        (row(version="y"), ["version"]),
        (row(entity="page"), ["entity"]),
        (row({"id": 2, "name": "Ann"}), ["new_data"]),
        (row({"id": 1, "label": "Eve"}), ["new_data"]),
        (row({"id": 1, "name": "Ann", "secret": 1}), ["new_data"]),
        (row({"id": 1}), ["new_data"]),
        (row(old={"id": 1}), ["old_data"]),
        (row(changed_fields=["name", "id"]), ["changed_fields"]),
        (row(changed_fields=["secret"]), ["changed_fields"]),
    ],
)
def test_differing_columns_are_named(stored: dict[str, Any], columns: list[str]) -> None:
    assert differences(row(), stored, NAMES) == columns


ID = "0" * 32
APP = "0190a000-0000-7000-8000-000000000001"


def subscriber(streams: list[str], entities: list[str]) -> Subscriber:
    return Subscriber(ID, APP, "shop", streams, entities)


def test_a_subscriber_reads_its_streams_only() -> None:
    found = subscriber(["commits", "signals"], [])
    assert found.specs() == [COMMITS, SIGNALS]
    assert found.filters(COMMITS) == [f"commits.{APP}.>"]
    assert found.filters(SIGNALS) == [f"signals.{APP}.>"]
    assert subscriber(["commits"], ["a", "b"]).filters(COMMITS) == [f"commits.{APP}.a.>", f"commits.{APP}.b.>"]


def test_a_subscriber_may_pull_acknowledge_and_hear_its_inbox() -> None:
    found = subscriber(["commits"], [])
    rights = found.permissions()
    assert rights["pub"]["allow"] == [
        f"$JS.API.CONSUMER.MSG.NEXT.COMMITS.{found.durable}", f"$JS.ACK.COMMITS.{found.durable}.>",
    ]  # fmt: skip
    assert rights["sub"]["allow"] == [f"_INBOX.{ID}.>"]
    assert ID in found.durable and found.user == f"shop.{ID}"
