"""Commands carried out: whom seats mean, what answers say; tasks and rows that follow from states."""

from __future__ import annotations

from typing import Any

import pytest

from libs.shared.contracts.signals import WebhookAnswered
from libs.shared.people import PeopleDirectory, Person
from services.workflow.history.codec import state_from_dict, state_to_dict
from services.workflow.history.projecting import abandoned_children, approvals_of, awaited_events, tasks_of
from services.workflow.machine.inputs import Answer, Cancel, Refusal
from services.workflow.running.continuing import answer_of
from services.workflow.running.persons import resolved
from tests.unit.workflow.examples import NOW
from tests.unit.workflow.machine.builders import fork, rest
from tests.unit.workflow.machine.world import PEOPLE, World, workflow

ANN = "8f9a1f5e-0000-4000-8000-00000000000a"


@pytest.fixture
def directory() -> PeopleDirectory:
    people = [Person(ANN, "ann@x.org", frozenset({"boss"})), Person("b", "ben@x.org", frozenset({"boss"}))]
    found = PeopleDirectory()
    found.add(people)
    found.by_role = {"boss": people, "clerk": []}
    return found


@pytest.mark.parametrize(
    ("seat", "role", "users", "empty"),
    [
        ({"role": "boss"}, "boss", [], False),
        ({"role": "boss", "each": True}, "boss", [ANN, "b"], False),
        ({"role": "clerk"}, "clerk", [], True),
        ({"people": [ANN, "BEN@x.org", ANN]}, None, [ANN, "b"], False),
        ({"people": ["gone@x.org"]}, None, [], True),
        ({"people": ["boss"]}, None, [], True),
        ({"named": ["boss"]}, "boss", [], False),
        ({"named": ["ann@x.org"]}, None, [ANN], False),
        ({"named": []}, None, [], True),
    ],
)
def test_whom_a_seat_means(
    directory: PeopleDirectory, seat: dict[str, Any], role: str | None, users: list[str], empty: bool
) -> None:
    found = resolved(seat, directory)
    assert (found["role"], [user["id"] for user in found["users"]], found["empty"]) == (role, users, empty)


def test_answers_of_webhooks() -> None:
    def told(**values: Any) -> WebhookAnswered:
        return WebhookAnswered(**{"trace_id": "t", "effect_key": "i/1/0", "workflow_id": "w", "response": None,
                                  "error": None, **values})  # fmt: skip

    answer = answer_of(told(response={"status": 200, "body": '{"n": 1.50}'}))
    assert isinstance(answer, Answer) and str(answer.output["response"]["body"]["n"]) == "1.50"
    plain = answer_of(told(response={"status": 200, "body": "ok"}))
    assert plain == Answer("i/1/0", {"response": {"status": 200, "body": "ok"}})
    assert answer_of(told(error="refused")) == Refusal("i/1/0", "refused")
    assert isinstance(answer_of(told()), Refusal)


def test_rows_that_follow_from_a_state() -> None:
    ask = {"id": "ask", "type": "approval", "approvers": [{"role": "boss"}, {"user": "cyd"}], "mode": "all",
           "timeout": "1h", "separation": ["initiator"]}  # fmt: skip
    news = {"id": "news", "type": "wait", "event": {"name": "paid"}}
    child = {"id": "child", "type": "sub_workflow", "workflow": "other"}
    world = World(workflow(fork("all", a=[ask], b=[news], c=[child], d=[rest("nap")])))
    world.decide("ann")
    (row,) = approvals_of(world.plan, world.state)
    assert (row.scope, row.step, row.roles, row.users, row.anyone) == ("all/a", "ask", [], ["cyd"], False)
    assert row.barred == ["ann", "dan"] and row.deadline is not None
    assert list(awaited_events(world.state).values()) == ["paid"]
    assert sorted(key.kind for key in tasks_of(world.state, NOW)) == ["timer", "timer"]
    assert state_from_dict(state_to_dict(world.state)) == world.state
    before, (key,) = world.state, list(world.children)
    world.give(Cancel("no need", PEOPLE["root"]))
    assert abandoned_children(before, world.state, None) == [key]
    assert abandoned_children(before, world.state, key) == []
    assert not tasks_of(world.state, NOW) and not approvals_of(world.plan, world.state)
