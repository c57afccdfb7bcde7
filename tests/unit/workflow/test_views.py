"""What of a context may be seen, whatever its paths begin with."""

from __future__ import annotations

from typing import Any

import pytest

from services.workflow.views.visibility import visible_context

RECORD = {"name": "Ann", "pay": 9, "data": {"a": 1}}
SEEN = {"name": "Ann", "data": {"a": 1}}
FIELDS = frozenset(SEEN)
LEFT_OUT = object()


@pytest.mark.parametrize(
    ("path", "value", "shown"),
    [
        ("record", RECORD, SEEN),
        ("trigger.record", RECORD, SEEN),
        ("trigger", {"record_id": "1", "record": RECORD, "old": RECORD, "else": 1},
         {"record_id": "1", "record": SEEN, "old": SEEN}),
        ("trigger.old", RECORD, SEEN),
        ("record_id", "1", "1"),
        ("trigger.record_id", "1", "1"),
        ("record.name", "Ann", "Ann"),
        ("record.data.a", 1, 1),
        ("record.pay", 9, LEFT_OUT),
        ("trigger.record.pay", 9, LEFT_OUT),
        ("trigger.trigger.record", RECORD, SEEN),
        ("record", "Ann", LEFT_OUT),
        ("trigger", "Ann", LEFT_OUT),
        ("steps.a", {"pay": 9}, LEFT_OUT),
        ("pay", 9, LEFT_OUT),
        ("", 9, LEFT_OUT),
        (".record", RECORD, LEFT_OUT),
        ("record_id.pay", 9, LEFT_OUT),
    ],
)  # fmt: skip
def test_hidden_fields_are_left_out(path: str, value: Any, shown: Any) -> None:
    context = visible_context({"key": value, "other": RECORD}, {"key": path}, FIELDS)
    assert context == ({} if shown is LEFT_OUT else {"key": shown})


def test_unreadable_records_are_reduced_to_ids() -> None:
    paths = {"t": "trigger", "r": "record", "i": "record_id"}
    values = {"t": {"record_id": "1", "record": RECORD}, "r": RECORD, "i": "1"}
    assert visible_context(values, paths, frozenset()) == {"t": {"record_id": "1", "record": {}}, "r": {}, "i": "1"}
