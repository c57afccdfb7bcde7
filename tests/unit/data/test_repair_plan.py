"""What wrong entries should say, as far as what stands beside them determines it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.data.repairs.plan import Row, findings
from services.data.replays.images import Shape, faults

SHAPE = Shape(frozenset("0123"), {"1": "string", "2": "int"}, {"1": "id", "2": "size"}, "1")
"""Field 3 is gone today."""
ROW = Row(4, {"1": "a", "2": 4})


def entry(version: int, image: Any, previous: Any, action: str = "update") -> dict[str, Any]:
    texts = {
        name: None if value is None else json.dumps(value) for name, value in (("image", image), ("previous", previous))
    }
    return {"position": version, "n": 1, "record_id": "a", "version": version, "action": action, **texts}


LOG = [
    entry(1, {"1": "a", "2": 1}, None, "create"),
    entry(2, {"1": "a", "2": 2}, {"2": 1}),
    entry(3, {"1": "a", "2": 3}, {"2": 2}),
    entry(4, {"1": "a", "2": 4}, {"2": 3}),
]


def changed(**wrong: dict[str, Any]) -> list[dict[str, Any]]:
    """The log with other documents: v2={"image": …}."""
    return [
        {**each, **{key: None if value is None else json.dumps(value) for key, value in wrong.get(f"v{n}", {}).items()}}
        for n, each in enumerate(LOG, 1)
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"v1": {"image": None}},
        {"v1": {"image": {}}},
        {"v1": {"previous": {"2": 0}}},
        {"v2": {"image": "x"}},
        {"v2": {"image": {"a": 1}, "previous": [1]}},
        {"v2": {"image": None}, "v3": {"image": None}, "v4": {"image": None}},
        {"v4": {"image": None, "previous": 7}},
        {"v3": {"previous": {"2": 9}}},
        {"v3": {"previous": None}},
    ],
)
def test_determined_values_are_repaired(wrong: Any) -> None:
    log = changed(**wrong)
    found = {finding.entry["version"]: finding.right for finding in findings(SHAPE, log, ROW)}
    assert set(found) == {int(name[1:]) for name in wrong}
    for version, right in found.items():
        assert right is not None
        for which in ("image", "previous"):
            assert json.loads(right[which] or "null") == json.loads(LOG[version - 1][which] or "null")


def test_a_sound_log_needs_no_repair() -> None:
    assert list(findings(SHAPE, LOG, ROW)) == []
    assert list(findings(SHAPE, LOG, Row(5, {"1": "a", "2": 5}))) == []


@pytest.mark.parametrize(
    ("wrong", "row", "left"),
    [
        ({"v4": {"image": None}}, None, {4}),
        ({"v4": {"image": None}}, Row(5, {"1": "a", "2": 5}), {4}),
        ({"v2": {"image": None}, "v3": {"previous": "x"}}, ROW, {2, 3}),
        ({"v3": {"image": None, "previous": {"2": 8}}}, ROW, {3}),
        # Neither of the two images that could be follows from version 2 by these old values.
        ({"v3": {"image": {"1": "a", "2": 9}, "previous": {"2": 7}}}, ROW, {3, 4}),
    ],
)
def test_undetermined_values_are_left_with_a_reason(wrong: Any, row: Row | None, left: set[int]) -> None:
    found = list(findings(SHAPE, changed(**wrong), row))
    assert {finding.entry["version"] for finding in found} == left
    assert all(finding.right is None and finding.reason and finding.faults for finding in found)


def test_a_restored_soft_deletion_is_recognized() -> None:
    log = [
        entry(1, {"1": "a", "0": None}, None, "create"),
        entry(2, None, {"0": None}, "delete"),
        entry(3, {"1": "a", "0": None}, {"0": "then"}, "restore"),
    ]
    [finding] = findings(SHAPE, log, Row(3, {"1": "a", "0": None}))
    assert finding.right is not None and json.loads(finding.right["image"]) == {"1": "a", "0": "then"}


def test_removed_fields_keep_their_values() -> None:
    log = [entry(1, {"1": "a", "2": 1, "3": "old"}, None, "create"), entry(2, None, {"2": 1})]
    [finding] = findings(SHAPE, log, Row(2, {"1": "a", "2": 2}))
    assert finding.right is not None and json.loads(finding.right["image"]) == {"1": "a", "2": 2, "3": "old"}
    assert not list(faults(SHAPE, finding.right, log[0]))
    # Nothing says what it was set to.
    log[1] = entry(2, None, {"2": 1, "3": "old"})
    assert [finding.right for finding in findings(SHAPE, log, Row(2, {"1": "a", "2": 2}))] == [None]
