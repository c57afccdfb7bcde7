"""Past instances run again: an unchanged definition goes the same way, a changed one as it says."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.workflow.machine.plan import plan_of
from services.workflow.versions.comparing import compared, steps_passed
from tests.unit.workflow.machine.builders import act, loop
from tests.unit.workflow.machine.generated import Node, Quiet, lists, named, steps_of
from tests.unit.workflow.machine.world import World, workflow


def again(world: World, *steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A past instance by another definition; without steps by its own."""
    plan = plan_of(workflow(*steps, **more)) if steps else world.plan
    return compared(plan, "i", world.history, world.state).shown


@settings(max_examples=150, deadline=None)
@given(lists(2).map(named), st.data())
def test_an_unchanged_definition_goes_every_past_way(nodes: list[Node], data: st.DataObject) -> None:
    context = {f"items{count}": [{"n": n} for n in range(count)] for count in range(4)}
    world = Quiet(workflow(*steps_of(nodes)), **context)
    for _ in range(200):
        if not world.running:
            break
        key = data.draw(st.sampled_from(sorted(world.waits)))
        frame = world.state.frames[key.split("|")[0]]
        world.come(key, frame.phase == "sleeping" or data.draw(st.booleans()))
    if not world.running:
        assert again(world) == {"instance_id": "i", "same": True}


ASK = {
    "id": "ask", "type": "approval", "approvers": [{"role": "boss", "each": True}], "mode": {"quorum": 1},
    "timeout": "48h", "reminders": ["24h"], "escalation": [{"after": "30h", "to": {"user": "dan"}}],
    "on_approve": {"goto": "pay"}, "on_timeout": {"goto": "late"},
}  # fmt: skip


def purchase(**changes: Any) -> list[dict[str, Any]]:
    amount = {"id": "big", "type": "condition", "expression": "record.amount > 3", "on_true": {"goto": "ask"},
              "on_false": {"goto": "pay"}}  # fmt: skip
    return [amount, ASK | changes, act("pay", 1), act("late", 2)]


def test_people_time_and_records_are_those_of_then() -> None:
    decided = World(workflow(*purchase()))
    decided.wait(timedelta(hours=31))
    decided.decide("dan")
    assert decided.shown[-1] == ("pay", "completed") and again(decided)["same"] is True
    late = World(workflow(*purchase()))
    late.wait(timedelta(days=3))
    assert late.shown[-1] == ("late", "completed") and again(late)["same"] is True


def test_a_changed_definition_tells_where_it_goes_another_way() -> None:
    world = World(workflow(*purchase()))
    world.decide("ben")
    stricter = again(world, *purchase(mode={"quorum": 2}))
    assert stricter["same"] is False and stricter["differs_at"] == "ask"
    assert (stricter["was"], stricter["would"]) == (
        {"step": "ask", "status": "approved"}, {"step": "ask", "status": "timed_out"})  # fmt: skip
    other = [purchase()[0] | {"expression": "record.amount > 9"}, *purchase()[1:]]
    assert again(world, *other)["differs_at"] == "big"
    others = again(world, *purchase(approvers=[{"role": "clerk"}]))
    assert others["same"] is False and "refused: ask" in others["reason"]


def test_steps_are_counted_then_and_by_the_definition() -> None:
    world = World(workflow(*purchase()))
    world.decide("ben")
    stricter = plan_of(workflow(*purchase(mode={"quorum": 2})))
    unknown = plan_of(workflow(act("big", 1, then={"goto": "s"}), {"id": "s", "type": "sub_workflow", "workflow": "o"}))
    both = [compared(plan, "i", world.history, world.state) for plan in (stricter, unknown)]
    assert steps_passed(both) == [
        {"step": "ask", "was": 1, "would": 1}, {"step": "big", "was": 1, "would": 1},
        {"step": "late", "was": 0, "would": 1}, {"step": "pay", "was": 1, "would": 0},
    ]  # fmt: skip


def test_what_the_past_does_not_tell_is_unknown_and_new_actions_are_assumed() -> None:
    world = World(workflow(act("a", 1)))
    question = {"id": "q", "type": "approval", "on_approve": "end"}
    asked = again(world, act("a", 1, then={"goto": "q"}), question)
    assert asked["same"] is None and "q: what it waits for did not happen then" in asked["reason"]
    child = {"id": "s", "type": "sub_workflow", "workflow": "other"}
    assert again(world, act("a", 1, then={"goto": "s"}), child)["same"] is None
    more = again(world, act("a", 1, 2))
    assert more["same"] is True and more["reason"] == "assumed to succeed: a: set_field"


def test_failures_retries_and_loops_are_repeated() -> None:
    world = World(workflow(loop("each", act("a", "{{ item.n }}"))), items=[{"n": 1}, {"n": 2}])
    assert world.state.status == "completed" and again(world)["same"] is True
    failing = World(workflow(act("a", 1)), refusing=["f1"])
    assert failing.state.status == "failed" and again(failing)["same"] is True
