"""What starts a workflow, and what its instance then knows."""

from __future__ import annotations

from typing import Any

import pytest

from libs.shared.contracts.streams import CommitEvent
from libs.shared.schema import Snapshot
from libs.shared.snapshots.subscriptions import SubscriptionIndex
from services.workflow.paths import context_of
from services.workflow.triggers import WORKFLOWS, CauseTooDeep, WorkflowIndex, check_depth, past_started_by, started_by
from tests.unit.workflow.examples import RECORD, approval, commit, document


def snapshot(*documents: dict[str, Any], version: int = 1) -> Snapshot:
    return Snapshot(version, {}, {}, [], {"workflows": documents})


def index(*documents: dict[str, Any], version: int = 1) -> WorkflowIndex:
    return SubscriptionIndex.of(WORKFLOWS, snapshot(*documents, version=version))


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
    assert bool(started_by(index(CHECK), event)) is starts


def test_every_matching_active_workflow_starts() -> None:
    other = {**CHECK, "id": "w2", "name": "other"}
    asleep = {**CHECK, "id": "w3", "name": "asleep", "active": False}
    broken = {"id": "w4", "name": "broken"}
    found = started_by(index(CHECK, other, asleep, broken), commit())
    assert [workflow.id for workflow in found] == ["w1", "w2"]


def test_long_chains_are_cut() -> None:
    deep = commit(cause_depth=16)
    check_depth([], deep)
    with pytest.raises(CauseTooDeep, match="check"):
        check_depth(started_by(index(CHECK), deep), deep)


def test_older_versions_start_only_existing_workflows() -> None:
    today = index({**CHECK, "active": False}, version=7)
    then = today.past(3, [CHECK, {**CHECK, "id": "w2", "name": "deleted since"}])
    assert not started_by(today, commit())
    assert [workflow.id for workflow in started_by(then, commit())] == ["w1"]
    assert [workflow.id for workflow in past_started_by(then, commit())] == ["w2"]


def test_a_renamed_entity_triggers_under_both_names() -> None:
    renamed = {**CHECK, "trigger": {**CHECK["trigger"], "entity": "bill"}}
    then = index(renamed, version=7).past(3, [CHECK])
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
