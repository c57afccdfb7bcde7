"""Approvals: seats, decisions, modes, vetoes, separation, forms, reassigning, returning, deadlines."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.shared.errors import RocketError
from services.workflow.machine import seats
from services.workflow.machine.inputs import Decide, Decider, Reassign, Return
from tests.unit.workflow.machine.builders import act, fork
from tests.unit.workflow.machine.world import PEOPLE, World, workflow

HOUR = timedelta(hours=1)
FINANCE = [{"user": "ann"}, {"user": "ben"}, {"user": "cyd"}]


def ask(step_id: str = "ask", **more: Any) -> dict[str, Any]:
    return {
        "id": step_id, "type": "approval", "on_approve": {"goto": "yes"}, "on_reject": {"goto": "no"},
        "on_timeout": {"goto": "late"}, **more,
    }  # fmt: skip


def asking(**more: Any) -> World:
    """An instance that waits at an approval."""
    return World(workflow(ask(**more), act("yes", "yes"), act("no", "no"), act("late", "late")))


def refused(code: str, world: World, name: str, approved: bool = True, **more: Any) -> RocketError:
    size = len(world.history)
    with pytest.raises(RocketError) as problem:
        world.decide(name, approved, **more)
    assert problem.value.code == code and len(world.history) == size
    return problem.value


def seats_of(world: World) -> list[dict[str, Any]]:
    return list(world.state.waiting[0].data["seats"])


def test_one_person_with_the_role_decides_and_an_admin_may_too() -> None:
    role = {"assignee": {"type": "role", "role": "boss"}}
    refused("FORBIDDEN", asking(**role), "cyd")
    for name in ("ben", "root"):
        world = asking(**role)
        world.decide(name, comment="fine")
        assert world.done == ["yes"]
        [entry] = [each for e in world.history if (each := e.shown) and each["step"] == "ask"]
        assert (entry["status"], entry["by"], entry["comment"]) == ("approved", name, "fine")
    anybody = asking()
    anybody.decide("dan", False)
    assert anybody.done == ["no"]


def test_an_instance_that_does_not_wait_takes_no_decision() -> None:
    world = asking()
    world.decide("ann")
    refused("INVALID_STATE", world, "ben")
    refused("INVALID_STATE", asking(), "ann", step="other")
    refused("INVALID_STATE", asking(), "ann", visits=frozenset({9}))


@pytest.mark.parametrize(
    ("mode", "decisions", "done"),
    [
        ("any", ["ann+"], "yes"),
        ("any", ["ann-", "ben-", "cyd-"], "no"),
        ("all", ["ann+", "ben+", "cyd+"], "yes"),
        ("all", ["ann+", "ben-"], "no"),
        ({"quorum": 2}, ["ann-", "ben+", "cyd+"], "yes"),
        ({"quorum": 2}, ["ann-", "ben-"], "no"),
        ({"share": 0.5}, ["cyd+", "ann+"], "yes"),
    ],
)
def test_modes_end_as_soon_as_the_outcome_is_certain(mode: Any, decisions: list[str], done: str) -> None:
    world = asking(approvers=FINANCE, mode=mode)
    for number, each in enumerate(decisions):
        assert world.steps == ["ask"] and world.done == [], f"undecided before {number}"
        world.decide(each[:3], each.endswith("+"))
    assert world.done == [done]
    seats_decided = [status for step, status in world.shown if status.startswith("seat_")]
    assert len(seats_decided) == len(decisions)


@given(
    st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=5).flatmap(
        lambda circle: st.tuples(st.just(circle), st.integers(1, len(circle)), st.permutations(range(len(circle))))
    )
)
def test_the_outcome_is_certain_exactly_when_no_later_decision_can_change_it(case: Any) -> None:
    circle, needed, order = case
    open_seats = [{**seats.seat_of(str(n)), "veto": veto} for n, (_, veto) in enumerate(circle)]
    made: dict[int, bool] = {}
    for number in order:
        assert seats.outcome(open_seats, needed, False) is None
        made[number] = circle[number][0]
        open_seats[number]["decision"] = "approved" if made[number] else "rejected"
        found = seats.outcome(open_seats, needed, False)
        assert found == _certain(circle, made, needed)
        if found is not None:
            return
    raise AssertionError("all have decided, and there is no outcome")


def _certain(circle: list[tuple[bool, bool]], made: dict[int, bool], needed: int) -> str | None:
    """The outcome, found by trying every decision of the remaining seats.

    Enough approvals end the step at once, so a later veto does not count.
    """
    if any(not yes and circle[n][1] for n, yes in made.items()):
        return "rejected"
    if sum(made.values()) >= needed:
        return "approved"
    rest = len(circle) - len(made)
    ends = {sum(made.values()) + sum(others) >= needed for others in product([True, False], repeat=rest)}
    return None if True in ends else "rejected"


def test_a_veto_rejects_whatever_the_others_say() -> None:
    for circle, veto in ((FINANCE, True), ([{"user": "ann", "veto": True}, *FINANCE[1:]], False)):
        world = asking(approvers=circle, mode={"quorum": 2}, veto=veto)
        world.decide("ben")
        world.decide("ann", False)
        assert world.done == ["no"]


def test_seats_are_fixed_on_entry() -> None:
    world = asking(
        approvers=[{"path": "record.manager"}, {"role": "boss", "each": True, "label": "Bosses"}], mode="all"
    )
    found = [(seat["label"], [user["id"] for user in seat["users"]], seat["roles"]) for seat in seats_of(world)]
    assert found == [(None, ["ann"], []), ("Bosses", ["ann"], ["boss"]), ("Bosses", ["ben"], ["boss"])]
    # Who no longer has the role may not fill its seat, though named by it.
    with pytest.raises(RocketError):
        world.give(Decide(True, Decider("ben", "ben@x", ())))
    world.decide("ben")
    world.decide("ann")
    refused("INVALID_STATE", world, "ann")
    assert world.steps == ["ask"]


def test_each_person_fills_one_seat() -> None:
    world = asking(approvers=[{"role": "boss"}, {"role": "boss"}], mode="all")
    world.decide("ann")
    refused("INVALID_STATE", world, "ann")
    refused("FORBIDDEN", world, "dan")
    world.decide("ben")
    assert world.done == ["yes"]


def test_a_delegate_decides_in_the_place_of_somebody() -> None:
    world = asking(approvers=[{"user": "ann"}, {"user": "cyd"}], mode="all")
    refused("FORBIDDEN", world, "dan")
    world.decide("dan", on_behalf_of=PEOPLE["ann"])
    # Neither of them fills another seat.
    refused("INVALID_STATE", world, "ann")
    refused("INVALID_STATE", world, "dan", on_behalf_of=PEOPLE["cyd"])
    world.decide("cyd")
    assert world.done == ["yes"]
    first = next(each for e in world.history if (each := e.shown) and each["status"] == "seat_approved")
    assert (first["by"], first["on_behalf_of"]) == ("dan", "ann")
    assert world.state.decider == {"id": "cyd", "email": "cyd@x", "roles": ["clerk"]}


def test_who_started_or_decided_before_may_be_kept_from_deciding() -> None:
    first = ask("first", on_approve={"goto": "ask"})
    second = ask(separation=["initiator", "first"])
    world = World(workflow(first, second, act("yes", "yes"), act("no", "no"), act("late", "late")))
    world.decide("ann", on_behalf_of=PEOPLE["ben"])
    for name in ("dan", "ann", "ben"):
        refused("FORBIDDEN", world, name)
    refused("FORBIDDEN", world, "root", on_behalf_of=PEOPLE["ann"])
    world.decide("cyd")
    assert world.done == ["yes"]


def test_admins_fill_seats_of_others_only_by_an_override_with_a_comment() -> None:
    world = asking(approvers=FINANCE, separation=["initiator"])
    refused("FORBIDDEN", world, "root")
    assert refused("VALIDATION_FAILED", world, "root", override=True).details[0]["field"] == "comment"
    refused("FORBIDDEN", asking(approvers=[{"user": "ann"}]), "cyd", override=True, comment="x")
    world.decide("root", override=True, comment="urgent")
    assert world.done == ["yes"]
    [entry] = [each for e in world.history if (each := e.shown) and each["status"] == "approved"]
    assert entry["override"] is True


def test_a_seat_that_nobody_can_fill_is_open_to_admins() -> None:
    world = asking(approvers=[{"role": "nobody"}])
    assert "nobody can fill" in world.state.warnings[0]["message"]
    world.decide("root")
    assert world.done == ["yes"]


FORM = [
    {"name": "reason", "type": "string", "required": "reject"},
    {"name": "budget", "type": "decimal", "required": True},
    {"name": "kind", "type": "string", "enum": ["a", "b"], "default": "a"},
]


def test_forms_are_checked_and_become_the_output() -> None:
    world = asking(form=FORM)
    wrong = {"budget": "x", "kind": "c", "resaon": "r"}
    found = refused("VALIDATION_FAILED", world, "ann", False, form=wrong)
    assert sorted((each["field"], each["rule"]) for each in found.details) == [
        ("form.budget", "type"), ("form.kind", "enum"), ("form.reason", "required"), ("form.resaon", "unknown"),
    ]  # fmt: skip
    world.decide("ann", form={"budget": "12.50"})
    output = world.state.steps["ask"]
    assert output["form"] == {"budget": "12.50", "kind": "a"} and output["decision"] == "approved"
    assert forms_told(world) == [("approved", output["form"])]


def test_the_history_tells_the_form_of_each_seat_once() -> None:
    world = asking(form=FORM, approvers=FINANCE, mode="all")
    world.decide("ann", form={"budget": "1"})
    world.decide("ben", False, form={"budget": "2", "reason": "dear"})
    assert forms_told(world) == [
        ("seat_approved", {"budget": "1", "kind": "a"}),
        ("seat_rejected", {"budget": "2", "kind": "a", "reason": "dear"}),
    ]


def forms_told(world: World) -> list[tuple[str, Any]]:
    shown = [each for entry in world.history if (each := entry.shown)]
    return [(each["status"], each["form"]) for each in shown if "form" in each]


def test_reminders_escalations_and_the_deadline_come_at_their_times() -> None:
    rungs = [{"after": "2h", "to": {"user": "cyd"}}, {"after": "3h", "to": {"role": "clerk"}, "replace": True}]
    world = asking(approvers=[{"user": "ann"}], reminders=["1h"], escalation=rungs, timeout="4h")
    world.wait(HOUR)
    assert world.shown == [("ask", "reminded")]
    refused("FORBIDDEN", world, "cyd")
    world.wait(HOUR)
    assert [user["id"] for user in seats_of(world)[0]["users"]] == ["ann", "cyd"]
    world.wait(HOUR)
    assert seats_of(world)[0]["roles"] == ["clerk"] and seats_of(world)[0]["users"] == []
    world.wait(HOUR)
    assert world.done == ["late"] and world.shown[-2] == ("ask", "timed_out")
    refused("INVALID_STATE", world, "ann")


def test_who_a_seat_goes_to_later_needs_no_role_of_it() -> None:
    seat = {"role": "boss", "each": True}
    escalated = asking(approvers=[seat], escalation=[{"after": "1h", "to": {"user": "cyd"}}])
    escalated.wait(timedelta(hours=1))
    escalated.decide("cyd")
    assert escalated.state.steps["ask"]["by"] == "cyd"
    handed = asking(approvers=[seat])
    handed.give(Reassign(PEOPLE["root"], ({"id": "cyd", "email": "cyd@x"},), seat="1"))
    handed.decide("cyd")
    assert handed.state.steps["ask"]["by"] == "cyd"


def test_a_decision_at_the_deadline_is_too_late() -> None:
    world = asking(timeout="1h")
    world.now += HOUR
    refused("INVALID_STATE", world, "ann")


def test_a_seat_is_handed_on_by_its_holder_or_an_admin() -> None:
    world = asking(approvers=[{"user": "ann"}, {"user": "ben"}], mode="all")
    to_cyd = ({"id": "cyd", "email": "cyd@x"},)
    with pytest.raises(RocketError) as problem:
        world.give(Reassign(PEOPLE["dan"], to_cyd))
    assert problem.value.code == "FORBIDDEN"
    with pytest.raises(RocketError) as problem:
        world.give(Reassign(PEOPLE["root"], to_cyd))
    assert problem.value.details[0]["field"] == "seat"
    world.give(Reassign(PEOPLE["ann"], to_cyd, reason="away"))
    refused("FORBIDDEN", world, "ann")
    world.give(Reassign(PEOPLE["root"], role="boss", seat="2"))
    world.decide("cyd")
    world.decide("ann")
    assert world.done == ["yes"] and ("ask", "reassigned") in world.shown
    fixed = asking(approvers=[{"user": "ann"}], may_reassign=False)
    with pytest.raises(RocketError):
        fixed.give(Reassign(PEOPLE["ann"], to_cyd))


def test_an_approver_sends_back_to_an_earlier_step() -> None:
    draft = ask("draft", on_approve={"goto": "both"})
    inner = ask("ask", returns_to=["draft"], on_approve="end", on_reject="end", on_timeout="end")
    both = fork("both", a=[inner], b=[ask("other", on_approve="end", on_reject="end", on_timeout="end")])
    rest = [act("yes", "yes"), act("no", "no"), act("late", "late")]
    world = World(workflow(draft, both | {"then": {"goto": "yes"}}, *rest))
    world.decide("ann")
    assert world.steps == ["ask", "other"]
    with pytest.raises(RocketError) as problem:
        world.give(Return(PEOPLE["ann"], "yes", "no", step="ask"))
    assert problem.value.details[0]["field"] == "to_step"
    world.give(Return(PEOPLE["ann"], "draft", "unclear", step="ask"))
    assert world.steps == ["draft"] and ("ask", "returned") in world.shown
    for step in ("draft", "ask", "other"):
        world.decide("ann", step=step)
    assert world.done == ["yes"]


def test_too_few_seats_fail_the_step() -> None:
    world = asking(approvers=[{"role": "boss", "each": True}], mode={"quorum": 3})
    assert world.state.failed is not None and "only 2 seats" in world.state.failed["reason"]
