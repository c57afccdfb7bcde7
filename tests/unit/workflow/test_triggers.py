"""What starts a workflow, and what its instance then knows."""

from __future__ import annotations

from typing import Any

import pytest

from libs.shared.contracts.streams import CommitEvent
from libs.shared.schema import Snapshot
from services.workflow.paths import context_of
from services.workflow.triggers import CauseTooDeep, Triggers, check_depth, compiled, started_by
from tests.unit.workflow.examples import RECORD, approval, commit, document


def snapshot(*documents: dict[str, Any], version: int = 1) -> Snapshot:
    return Snapshot(version, {}, {}, [], {"workflows": documents})


CHECK = {"id": "w1", **document(approval())}


@pytest.mark.parametrize(
    ("event", "starts"),
    [
        (commit(), True),
        (commit("create"), True),
        (commit("restore", changed={"deleted_at": {"old": "x", "new": None}}), False),
        (commit(changed={"total": {"old": 1, "new": 2}}), False),
        (commit(changed={"status": {"old": "sent", "new": "sent"}}), False),
        (commit(after={"id": RECORD, "status": "paid"}), False),
        (commit("delete", after=None), False),
        (commit(entity="other"), False),
        (commit(cause="undo"), False),
        (commit(cause="import"), False),
        (commit(cause="workflow:other", cause_depth=15), True),
    ],
)
def test_what_starts(event: CommitEvent, starts: bool) -> None:
    assert bool(started_by(compiled(snapshot(CHECK)), event)) is starts


def test_every_matching_active_workflow_starts() -> None:
    other = {**CHECK, "id": "w2", "name": "other"}
    asleep = {**CHECK, "id": "w3", "name": "asleep", "active": False}
    broken = {"id": "w4", "name": "broken"}
    found = started_by(compiled(snapshot(CHECK, other, asleep, broken)), commit())
    assert [startable.id for startable in found] == ["w1", "w2"]


def test_long_chains_are_cut_where_they_would_go_on() -> None:
    deep = commit(cause_depth=16)
    check_depth([], deep)
    with pytest.raises(CauseTooDeep, match="check"):
        check_depth(started_by(compiled(snapshot(CHECK)), deep), deep)


def test_plans_hold_whatever_is_defined_meanwhile() -> None:
    triggers = Triggers()
    assert triggers.plan("a", snapshot(CHECK), [commit()])
    assert not triggers.plan("a", snapshot(version=2), [commit(position=2)])
    assert [startable.id for startable in triggers.planned("a", commit())] == ["w1"]
    assert triggers.planned("b", commit()) == []
    assert triggers.carried_out("a", [commit(position=2), commit()])
    assert not triggers.carried_out("a", [commit()])


def test_an_older_snapshot_does_not_bring_back_what_is_gone() -> None:
    triggers = Triggers()
    triggers.plan("a", snapshot(version=2), [])
    assert not triggers.plan("a", snapshot(CHECK, version=1), [commit()])


def test_context() -> None:
    paths = {
        "a": "record.n",
        "b": "trigger.record.n",
        "c": "trigger.record_id",
        "d": "record_id",
        "e": "record.deep.x",
        "f": "record.none",
        "g": "user.id",
        "h": "record.n.x",
        "i": "record",
    }
    record = {"n": 5, "deep": {"x": [1]}}
    assert context_of(paths, "r", record) == {
        "a": 5,
        "b": 5,
        "c": "r",
        "d": "r",
        "e": [1],
        "f": None,
        "g": None,
        "h": None,
        "i": record,
    }
