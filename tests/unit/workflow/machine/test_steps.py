"""What each type of step does, alone and within others."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.workflow.machine.inputs import Answer, Cancel, Fire, RecordChanged, RetryFailed
from services.workflow.machine.walking import MAX_STEPS
from tests.unit.workflow.machine.builders import act, fork, loop, rest
from tests.unit.workflow.machine.world import PEOPLE, World, workflow

HOUR = timedelta(hours=1)


def test_actions_follow_each_other_and_each_has_its_effect_once() -> None:
    world = World(workflow(act("a", 1, 2, then={"goto": "b"}), act("b", 3)))
    assert world.done == [1, 2, 3] and world.state.status == "completed"
    assert world.shown == [("a", "completed"), ("b", "completed")]
    assert list(world.effects) == ["i/1/0", "i/1/1", "i/2/0"]


def test_the_output_of_a_step_is_the_input_of_the_next() -> None:
    total = {"id": "sum", "type": "set", "values": {"total": "context.n * 2", "who": "initiator.id"},
             "then": {"goto": "look"}}  # fmt: skip
    look = {"id": "look", "type": "condition", "branches": [
        {"when": "steps.sum.total > 99", "goto": "large"}, {"when": "context.total > 5", "goto": "small"}]}  # fmt: skip
    world = World(
        workflow(total, look, act("large", 1), act("small", "{{ steps.sum.who }} has {{ context.total }}")), n=4
    )
    assert world.done == ["dan has 8"]
    assert world.state.steps["look"] == {"result": "small"}


def test_the_record_is_read_when_a_step_needs_it_and_kept_in_the_history() -> None:
    look = {"id": "c", "type": "condition", "expression": "record.amount > 9", "on_true": {"goto": "a"}}
    world = World(workflow(rest("r", then={"goto": "c"}), look, act("a", 1)))
    assert world.record is not None
    world.record["amount"] = 10
    world.wait(HOUR)
    assert world.done == [1]
    assert [entry.data["record"]["amount"] for entry in world.history if entry.kind == "record_seen"] == [10]


def test_a_wait_ends_at_its_time() -> None:
    world = World(workflow(rest("r", "90m", then={"goto": "u"}), {"id": "u", "type": "wait", "until": "context.at"}),
                  at="2026-11-25")  # fmt: skip
    world.wait(HOUR)
    assert world.steps == ["r"]
    world.wait(HOUR)
    assert world.steps == ["u"]
    world.wait(timedelta(days=5))
    assert world.state.status == "completed" and world.shown == [("r", "completed"), ("u", "completed")]


def test_a_wait_for_an_event_ends_with_it_or_times_out() -> None:
    news = {"id": "n", "type": "wait", "event": {"name": "paid"}, "timeout": "1h", "on_timeout": {"goto": "late"},
            "then": {"goto": "paid"}}  # fmt: skip
    definition = workflow(news, act("late", 1), act("paid", "{{ steps.n.event.metadata.sum }}"))
    world = World(definition)
    [key] = world.state.pending
    world.give(Answer(key, {"action": "paid", "metadata": {"sum": 7}}))
    assert world.done == [7]
    late = World(definition)
    late.wait(HOUR)
    assert late.done == [1] and late.state.steps["n"] == {"timed_out": True}
    late.give(Answer(key, {}))
    assert late.done == [1]


@pytest.mark.parametrize(("join", "left"), [("all", []), ({"quorum": 2}, []), ("any", ["late"])])
def test_a_join_cancels_what_is_no_longer_needed(join: Any, left: list[str]) -> None:
    step = fork("both", join, a=[act("x", 1)], b=[rest("slow"), act("late", 2)])
    step["branches"]["b"]["steps"][0]["then"] = {"goto": "late"}
    world = World(workflow(step | {"then": {"goto": "end"}}))
    if join == "any":
        assert world.state.status == "completed" and world.done == [1]
        world.wait(2 * HOUR)
        assert world.done == [1]
    else:
        world.wait(HOUR)
        assert world.done == [1, 2] and list(world.state.steps["both"]) == ["a", "b"]


def test_a_failed_branch_counts_as_one_that_did_not_get_there() -> None:
    branches = fork("both", {"quorum": 1}, a=[act("x", 1)], b=[rest("s")]) | {"then": {"goto": "z"}}
    world = World(workflow(branches, act("z", 9)), refusing={"f1"})
    assert world.steps == ["s"] and world.shown == [("x", "failed")]
    world.wait(HOUR)
    assert world.done == [9] and world.state.status == "completed"


@pytest.mark.parametrize("where", ["own", "outer", "none"])
def test_a_failure_goes_where_the_definition_says_or_ends_the_instance(where: str) -> None:
    handled = {"on_failure": {"goto": "sorry"}}
    inner = act("x", 1, 2, 3)
    own = [inner | handled, act("sorry", "own")] if where == "own" else [inner]
    outer = fork("both", a=own, b=[rest("s")]) | (handled if where == "outer" else {})
    world = World(workflow(outer, *([act("sorry", "outer")] if where == "outer" else [])), refusing={"f2"})
    if where == "none":
        assert world.state.status == "failed" and world.steps == ["x"] and world.done == [1]
        assert world.shown[-1] == ("x", "failed")
        world.refusing = set()
        world.give(RetryFailed(PEOPLE["root"]))
        assert world.done == [1, 2, 3] and world.steps == ["s"]
        world.wait(HOUR)
        assert world.shown[-2:] == [("s", "completed"), ("both", "completed")]
    else:
        assert world.done == [1, where]


@pytest.mark.parametrize("parallel", [False, True])
def test_a_loop_runs_its_steps_for_every_item(parallel: bool) -> None:
    inner = loop("in", act("b", "{{ item }}/{{ index }}"), over="item.parts")
    rounds = {"id": "a", "type": "set", "values": {"x": "item.n * 10"}, "then": {"goto": "in"}}
    world = World(workflow(loop("out", rounds, inner, parallel=parallel)),
                  items=[{"n": 1, "parts": ["p", "q"]}, {"n": 2, "parts": ["r"]}])  # fmt: skip
    assert sorted(world.done) == ["p/0", "q/1", "r/0"] and world.state.status == "completed"
    assert len(world.state.steps["out"]["items"]) == 2


def test_lists_that_are_none_or_too_long_fail_the_loop() -> None:
    assert World(workflow(loop("l", act("a", 1)))).state.steps["l"] == {"items": []}
    assert World(workflow(loop("l", act("a", 1))), items="x").state.failed["reason"] == "context.items is no list"  # type: ignore[index]
    assert "more than 1000" in World(workflow(loop("l", act("a", 1))), items=[0] * 1001).state.failed["reason"]  # type: ignore[index]


def test_a_sub_workflow_gives_its_end_to_its_parent() -> None:
    child = {"id": "c", "type": "sub_workflow", "workflow": "other", "context": {"n": "context.n"},
             "then": {"goto": "a"}, "on_failure": {"goto": "f"}}  # fmt: skip
    definition = workflow(child, act("a", "{{ steps.c.context.result }}"), act("f", "failed"))
    for status, done in (("completed", 8), ("failed", "failed"), ("cancelled", "failed")):
        world = World(definition, n=4)
        [key] = world.children
        assert world.children[key]["context"] == {"n": 4} and world.steps == ["c"]
        world.give(Answer(key, {"instance_id": "x", "status": status, "context": {"result": 8}}))
        assert world.done == [done]
    assert World(workflow(child | {"wait": False}, act("a", 1), act("f", 2)), n=4).state.status == "completed"


def test_endless_loops_end_and_long_stretches_pause() -> None:
    around = {"id": "c", "type": "condition", "expression": "true", "on_true": {"goto": "c"}}
    world = World(workflow(around))
    assert world.state.status == "failed" and world.state.visits == MAX_STEPS + 1


def test_a_cancelled_instance_ends_everything() -> None:
    world = World(workflow(fork("both", a=[rest("r")], b=[{"id": "c", "type": "sub_workflow", "workflow": "o"}])))
    world.give(Cancel("no need", PEOPLE["root"]))
    assert world.state.status == "cancelled" and not world.state.timers and not world.state.pending
    assert world.shown[-1] == ("r", "cancelled")


def test_cancel_when_looks_at_commits_of_the_record() -> None:
    world = World(workflow(rest("r"), cancel_when="record.amount > context.limit"), limit=7)
    world.give(RecordChanged({"amount": 7}, {"amount": 5}))
    assert world.running
    world.give(RecordChanged({"amount": 8}, {"amount": 7}))
    assert world.state.status == "cancelled"


def test_timers_that_are_gone_or_early_change_nothing() -> None:
    world = World(workflow(rest("r", then={"goto": "s"}), rest("s")))
    [key] = world.state.timers
    size = len(world.history)
    world.give(Fire(key))
    world.give(Fire("i/9/0/wait"))
    assert len(world.history) == size
    world.wait(HOUR)
    assert world.steps == ["s"]
    world.give(Fire(key))
    assert world.steps == ["s"]
