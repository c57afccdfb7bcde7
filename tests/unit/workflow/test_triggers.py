"""What starts a workflow, and what its instance then knows."""

from __future__ import annotations

from typing import Any

import pytest

from libs.shared.contracts.streams import CommitEvent
from libs.shared.schema import Snapshot
from services.workflow.paths import context_of
from services.workflow.triggers import (
    CauseTooDeep,
    Triggers,
    check_depth,
    compiled,
    compiled_past,
    past_started_by,
    started_by,
)
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
def test_matching_triggers(event: CommitEvent, starts: bool) -> None:
    assert bool(started_by(compiled(snapshot(CHECK)), event)) is starts


def test_every_matching_active_workflow_starts() -> None:
    other = {**CHECK, "id": "w2", "name": "other"}
    asleep = {**CHECK, "id": "w3", "name": "asleep", "active": False}
    broken = {"id": "w4", "name": "broken"}
    found = started_by(compiled(snapshot(CHECK, other, asleep, broken)), commit())
    assert [startable.id for startable in found] == ["w1", "w2"]


def test_long_chains_are_cut() -> None:
    deep = commit(cause_depth=16)
    check_depth([], deep)
    with pytest.raises(CauseTooDeep, match="check"):
        check_depth(started_by(compiled(snapshot(CHECK)), deep), deep)


def test_plans_are_independent_of_later_definitions() -> None:
    triggers, none = Triggers(), compiled(snapshot(version=2))
    assert triggers.plan("a", lambda _: compiled(snapshot(CHECK)), [commit()])
    assert not triggers.plan("a", lambda _: none, [commit(position=2)])
    assert [startable.id for startable in triggers.planned("a", commit())] == ["w1"]
    assert triggers.planned("b", commit()) == []
    assert triggers.carried_out("a", [commit(position=2), commit()])
    assert not triggers.carried_out("a", [commit()])


def test_older_versions_start_only_existing_workflows() -> None:
    today = compiled(snapshot({**CHECK, "active": False}, version=7))
    then = compiled_past(3, [CHECK, {**CHECK, "id": "w2", "name": "deleted since"}], today)
    assert not started_by(today, commit())
    assert [startable.id for startable in started_by(then, commit())] == ["w1"]
    assert [startable.id for startable in past_started_by(then, commit())] == ["w2"]


def test_a_renamed_entity_triggers_under_both_names() -> None:
    renamed = {**CHECK, "trigger": {**CHECK["trigger"], "entity": "bill"}}
    then = compiled_past(3, [CHECK], compiled(snapshot(renamed, version=7)))
    assert started_by(then, commit()) and started_by(then, commit(entity="bill"))


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
