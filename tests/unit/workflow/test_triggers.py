"""What starts a workflow, and what its instance then knows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from libs.shared.contracts.business_events import BusinessEventRecorded
from libs.shared.contracts.streams import CommitEvent
from libs.shared.schema import Snapshot
from libs.shared.snapshots.subscriptions import SubscriptionIndex
from services.workflow.consumers import start_of
from services.workflow.starting import context_of
from services.workflow.triggers import (
    WORKFLOWS,
    CauseTooDeep,
    WorkflowIndex,
    check_depth,
    check_event_depth,
    past_started_by,
    started_by,
    started_by_event,
)
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


def test_entities_of_former_versions_are_watched_for_cancelling() -> None:
    today = SubscriptionIndex.of(WORKFLOWS, replace(snapshot(version=7), cancelling=frozenset({"bill"})))
    for known in (today, today.past(3, [CHECK])):
        assert [known.matches("bill", action) for action in ("create", "update", "delete")] == [False, True, True]
        assert known.watches(commit("restore", entity="bill")) and not known.watches(commit("create", entity="bill"))
        assert not known.watches(commit()) and not known.watches(commit(entity="bill", cause="import"))


def test_context() -> None:
    paths = {
        "a": "record.n",
        "b": "trigger.record.n",
        "c": "trigger.record_id",
        "d": "record_id",
        "e": "record.deep.x",
        "f": "record.none",
        "g": "initiator.id",
        "h": "record.n.x",
        "i": "record",
    }
    record = {"id": RECORD, "status": "sent", "n": 5, "deep": {"x": [1]}}
    (found,) = started_by(index({**CHECK, "context": paths}), commit(after=record))
    assert context_of(start_of(found, commit(after=record))) == {
        "a": 5,
        "b": 5,
        "c": RECORD,
        "d": RECORD,
        "e": [1],
        "f": None,
        "g": "u",
        "h": None,
        "i": record,
    }


def triggered(**trigger: Any) -> WorkflowIndex:
    return index({**CHECK, "context": {}, "trigger": trigger})


@pytest.mark.parametrize(
    ("trigger", "event", "starts"),
    [
        ({"type": "record_created"}, commit("create"), True),
        ({"type": "record_created"}, commit(), False),
        ({"type": "record_updated"}, commit(cause="undo"), True),
        ({"type": "record_updated"}, commit("restore"), True),
        ({"type": "record_updated"}, commit(cause="import"), False),
        ({"type": "record_updated", "fields": ["status", "total"]}, commit(), True),
        ({"type": "record_updated", "fields": ["total"]}, commit(), False),
        ({"type": "record_updated", "condition": "old.status == 'draft'"}, commit(), True),
        ({"type": "record_updated", "condition": "record.status == 'paid'"}, commit(), False),
        ({"type": "record_created", "condition": "old == nil && 'clerk' in initiator.roles"}, commit("create"), True),
        ({"type": "record_created", "condition": "record.total > 'x'"}, commit("create", after={"total": 3}), False),
        ({"type": "record_deleted", "condition": "record.status == 'draft'"}, commit("delete", after=None), True),
        ({"type": "state_change", "field": "status", "to": "sent", "from": "draft"}, commit(), True),
        ({"type": "state_change", "field": "status", "to": "sent", "from": ["new", "draft"]}, commit(), True),
        ({"type": "state_change", "field": "status", "to": "sent", "from": "paid"}, commit(), False),
        ({"type": "state_change", "field": "status", "to": "sent", "from": "draft"}, commit("create"), False),
    ],
)
def test_commits_start_by_every_trigger(trigger: dict[str, Any], event: CommitEvent, starts: bool) -> None:
    assert bool(started_by(triggered(entity="invoice", **trigger), event)) is starts


def test_what_a_trigger_shows() -> None:
    (deleting,) = started_by(triggered(type="record_deleted", entity="invoice"), commit("delete", after=None))
    assert start_of(deleting, commit("delete", after=None)).trigger == {
        "record_id": RECORD, "record": {"id": RECORD, "status": "draft"},
    }  # fmt: skip
    (updating,) = started_by(triggered(type="record_updated", entity="invoice"), commit())
    shown = start_of(updating, commit()).trigger
    assert (shown["record"]["status"], shown["old"]["status"]) == ("sent", "draft")


def told(**values: Any) -> BusinessEventRecorded:
    known: dict[str, Any] = {
        "trace_id": "t", "event_key": "k", "about": "paid", "action": "paid", "entity": None, "record_id": None,
        "metadata": {"amount": 5}, "user_id": "u", "user_email": None, "user_roles": [], "cause_depth": 0,
    }  # fmt: skip
    return BusinessEventRecorded(**{**known, **values})


def test_business_events_start_by_name_and_condition() -> None:
    known = triggered(type="event", event="paid", condition="event.metadata.amount > 3")
    assert started_by_event(known, told())
    assert not started_by_event(known, told(metadata={"amount": 1})) and not started_by_event(known, told(action="x"))
    with pytest.raises(CauseTooDeep):
        check_event_depth(started_by_event(known, told()), told(cause_depth=16))
    assert not started_by_event(
        index({**CHECK, "active": False, "trigger": {"type": "event", "event": "paid"}}), told()
    )
