"""How instances go on: the table of the engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.shared.contracts.signals import ApprovalRequested, InstanceFailed, WebhookRequested
from libs.shared.errors import RocketError
from libs.shared.schema.workflows import WorkflowDefinition
from services.workflow.engine import MAX_STEPS, advance, awaited, check_decision, record_named, start
from services.workflow.instance import Instance
from services.workflow.outcomes import (
    Decided,
    Done,
    Failed,
    Looked,
    PendingSignal,
    RetryLater,
    SetFieldCall,
    StepOutcome,
)
from tests.unit.workflow.examples import NOW, RECORD, action, approval, fresh, set_field, workflow

LATER = NOW + timedelta(hours=1)
YES, NO = Decided(True, "boss"), Decided(False, "boss", "too dear")
HOOK = {"type": "webhook", "url": "http://x/y", "method": "PUT"}


def condition(expression: str, **targets: Any) -> dict[str, Any]:
    return {"id": "if", "type": "condition", "expression": expression, **targets}


def told(signals: tuple[PendingSignal, ...]) -> list[str]:
    return [signal.signal_type.name for signal in signals]


def statuses(instance: Instance) -> list[tuple[Any, Any]]:
    return [(entry["step"], entry["status"]) for entry in instance.history]


def test_an_action_stops_at_its_first_effect() -> None:
    instance, signals, call = start(workflow(action("a", set_field("x", 1), set_field("y", 2))), fresh(), NOW)
    assert (instance.status, instance.step, instance.due_at) == ("running", "a", NOW)
    assert told(signals) == ["instance_started"]
    assert call == SetFieldCall("invoice", RECORD, "x", 1, "i/1/0")


def test_effects_follow_each_other_and_then_the_step_is_completed() -> None:
    definition = workflow(action("a", set_field("x", 1), set_field("y", 2)))
    instance, *_ = start(definition, fresh(), NOW)
    instance, signals, call = advance(definition, instance, Done(), NOW)
    assert (signals, call) == ((), SetFieldCall("invoice", RECORD, "y", 2, "i/1/1"))
    instance, signals, call = advance(definition, instance, Done(), LATER)
    assert call is None
    assert told(signals) == ["step_completed", "instance_completed"]
    assert (instance.status, instance.step, instance.due_at) == ("completed", None, None)
    assert instance.history == ({"step": "a", "status": "completed", "at": "2026-11-22T13:00:00Z"},)


def test_repeated_steps_have_the_same_effect_key() -> None:
    definition = workflow(action("a", HOOK, set_field("x", 1)))
    instance, _, call = start(definition, fresh(), NOW)
    again, signals, repeated = advance(definition, instance, Looked(), LATER)
    assert (signals, repeated) == ((), call)
    assert replace(again, due_at=NOW) == instance


def test_a_webhook_action_gets_the_context_and_is_not_awaited() -> None:
    instance, signals, _ = start(workflow(action("a", HOOK)), fresh(n=3), NOW)
    assert told(signals) == ["instance_started", "webhook_requested", "step_completed", "instance_completed"]
    assert signals[1] == PendingSignal(
        WebhookRequested,
        {"url": "http://x/y", "method": "PUT", "body": {"id": RECORD, "n": 3}, "effect_key": "i/1/0"},
    )
    assert instance.status == "completed"


@pytest.mark.parametrize(
    ("expression", "context", "status", "reached"),
    [
        ("context.n > 5", {"n": 6}, "on_true", "yes"),
        ("context.n > 5", {"n": 5}, "on_false", "no"),
        ("context.missing == nil", {}, "on_true", "yes"),
    ],
)
def test_conditions(expression: str, context: dict[str, Any], status: str, reached: str) -> None:
    step = condition(expression, on_true={"goto": "yes"}, on_false={"goto": "no"})
    instance, signals, _ = start(workflow(step, approval("yes"), approval("no")), fresh(**context), NOW)
    assert statuses(instance) == [("if", status)]
    assert instance.step == reached
    assert told(signals)[1:] == ["step_completed", "approval_requested"]


def test_a_condition_that_can_not_be_evaluated_fails_the_instance() -> None:
    instance, signals, _ = start(workflow(condition("context.id > 5")), fresh(), NOW)
    assert (instance.status, instance.due_at) == ("failed", None)
    assert statuses(instance) == [("if", "failed")]
    assert "could not be evaluated" in instance.history[0]["reason"]
    assert told(signals) == ["instance_started", "instance_failed"]


def test_an_approval_waits_until_its_deadline() -> None:
    definition = workflow(approval(timeout="30m", assignee={"type": "role", "role": "boss"}))
    instance, signals, _ = start(definition, fresh(), NOW)
    assert instance.deadline == instance.due_at == NOW + timedelta(minutes=30)
    assert signals[-1] == PendingSignal(
        ApprovalRequested, {"step": "ask", "role": "boss", "deadline": "2026-11-22T12:30:00Z"}
    )
    assert awaited(definition, instance) == definition.steps[0]


def test_an_approval_without_timeout_costs_nothing() -> None:
    instance, *_ = start(workflow(approval()), fresh(), NOW)
    assert (instance.status, instance.deadline, instance.due_at) == ("running", None, None)


@pytest.mark.parametrize(
    ("outcome", "status", "reached"),
    [(YES, "approved", "a"), (NO, "rejected", "r"), (Looked(), "timed_out", "t")],
)
def test_decisions(outcome: StepOutcome, status: str, reached: str) -> None:
    ask = approval(timeout="1h", on_approve={"goto": "a"}, on_reject={"goto": "r"}, on_timeout={"goto": "t"})
    definition = workflow(ask, approval("a"), approval("r"), approval("t"))
    waiting, *_ = start(definition, fresh(), NOW)
    instance, signals, _ = advance(definition, waiting, outcome, LATER)
    assert statuses(instance) == [("ask", status)]
    assert (instance.step, instance.deadline, instance.step_number) == (reached, None, 2)
    assert told(signals) == ["step_completed", "approval_requested"]


def test_decisions_are_recorded_with_actor_and_reason() -> None:
    definition = workflow(approval())
    instance, *_ = advance(definition, start(definition, fresh(), NOW)[0], NO, NOW)
    assert instance.history[0] == {
        "step": "ask",
        "status": "rejected",
        "by": "boss",
        "comment": "too dear",
        "at": "2026-11-22T12:00:00Z",
    }


def test_before_the_deadline_nothing_changes() -> None:
    definition = workflow(approval(timeout="1h"))
    waiting, *_ = start(definition, fresh(), NOW)
    assert advance(definition, waiting, Looked(), LATER - timedelta(microseconds=1)) == (waiting, (), None)


def test_a_retry_waits_and_counts_until_it_is_done() -> None:
    definition = workflow(action("a", set_field("x", 1), set_field("y", 1)))
    instance, *_ = start(definition, fresh(), NOW)
    instance, signals, call = advance(definition, instance, RetryLater(timedelta(seconds=4)), NOW)
    assert (instance.attempts, instance.due_at, signals, call) == (1, NOW + timedelta(seconds=4), (), None)
    instance, *_ = advance(definition, instance, Done(), NOW)
    assert instance.attempts == 0


def test_a_failure_ends_it_with_the_reason() -> None:
    definition = workflow(action("a", set_field("x", 1)))
    instance, *_ = start(definition, fresh(), NOW)
    instance, signals, _ = advance(definition, instance, Failed("x is not a number"), NOW)
    assert (instance.status, instance.step, instance.due_at) == ("failed", "a", None)
    assert instance.history[-1]["reason"] == "x is not a number"
    assert signals == (PendingSignal(InstanceFailed, {"step": "a", "reason": "x is not a number"}),)


@pytest.mark.parametrize("value", [None, "", True, {"a": 1}, ["x"]])
def test_set_field_without_a_record(value: Any) -> None:
    definition = workflow(action("a", {**set_field("x", 1), "record_id": "context.other"}))
    instance, *_ = start(definition, fresh(other=value), NOW)
    assert instance.status == "failed"


def test_record_ids() -> None:
    assert record_named("context.a.b", {"a": {"b": 7}}) == "7"
    assert record_named("INV-1", {}) == "INV-1"


def test_loops_end() -> None:
    definition = workflow(condition("true", on_true={"goto": "if"}))
    instance, *_ = start(definition, fresh(), NOW)
    assert (instance.status, len(instance.history)) == ("failed", MAX_STEPS + 1)


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
@pytest.mark.parametrize("outcome", [Looked(), Done(), RetryLater(timedelta(1)), Failed("x"), YES])
def test_ended_instances_do_not_change(status: str, outcome: StepOutcome) -> None:
    ended = replace(fresh(), status=status)
    assert advance(workflow(approval()), ended, outcome, NOW) == (ended, (), None)


def refusal(definition: WorkflowDefinition, instance: Instance, *roles: str) -> str | None:
    try:
        check_decision(definition, instance, roles, NOW)
    except RocketError as error:
        return error.code
    return None


def test_who_may_decide() -> None:
    definition = workflow(approval(assignee={"type": "role", "role": "boss"}))
    waiting, *_ = start(definition, fresh(), NOW)
    assert refusal(definition, waiting, "boss", "x") is None
    assert refusal(definition, waiting, "admin") is None
    assert refusal(definition, waiting, "clerk") == "FORBIDDEN"
    anybody = workflow(approval())
    assert refusal(anybody, start(anybody, fresh(), NOW)[0]) is None


def test_decidable_states() -> None:
    definition = workflow(approval(timeout="1h"), action("a", set_field("x", 1)))
    waiting, *_ = start(definition, fresh(), NOW)
    assert refusal(definition, replace(waiting, deadline=NOW), "admin") == "INVALID_STATE"
    assert refusal(definition, replace(waiting, step="a"), "admin") == "INVALID_STATE"
    assert refusal(definition, replace(waiting, status="failed", step="ask"), "admin") == "INVALID_STATE"


# --- whatever the definition and whatever happens -------------------------------------------------

NAMES = ["a", "b", "c"]
GOTO = st.sampled_from(["end", *({"goto": name} for name in [*NAMES, "end"])])
ACTIONS = st.lists(st.sampled_from([set_field("x", 1), HOOK]), max_size=3)
OUTCOMES = st.sampled_from([Looked(), Done(), RetryLater(timedelta(seconds=1)), YES, NO, Failed("no")])


def step_named(name: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(
        st.builds(lambda actions, then: action(name, *actions, then=then), ACTIONS, GOTO),
        st.builds(
            lambda n, yes, no: {**condition(f"context.n > {n}", on_true=yes, on_false=no), "id": name},
            st.integers(0, 3),
            GOTO,
            GOTO,
        ),
        st.builds(lambda yes, no: approval(name, timeout="1h", on_approve=yes, on_reject=no), GOTO, GOTO),
    )


DEFINITIONS = st.tuples(*(step_named(name) for name in NAMES)).map(lambda steps: workflow(*steps))


def fits(definition: WorkflowDefinition, instance: Instance, outcome: StepOutcome) -> bool:
    """Decisions come to approvals, the outcomes of effects to actions."""
    waits = awaited(definition, instance) is not None
    return isinstance(outcome, Looked) or isinstance(outcome, Decided) == waits


@given(DEFINITIONS, st.integers(0, 4), st.lists(OUTCOMES, max_size=12))
def test_an_instance_always_knows_what_it_waits_for(
    definition: WorkflowDefinition, n: int, outcomes: list[StepOutcome]
) -> None:
    instance, signals, call = start(definition, fresh(n=n), NOW)
    keys: list[str] = []
    for outcome in [*outcomes, None]:
        assert call is None or instance.status == "running"
        if instance.status == "running":
            waits = awaited(definition, instance)
            assert (instance.due_at is not None) and (waits is None or instance.deadline is not None)
        else:
            assert instance.due_at is None
            assert told(signals)[-1:] in ([], [f"instance_{instance.status}"])
        keys += [str(e.own_fields["effect_key"]) for e in signals if "effect_key" in e.own_fields]
        if outcome is None or not fits(definition, instance, outcome):
            break
        instance, signals, call = advance(definition, instance, outcome, NOW)
    assert len(keys) == len(set(keys))
