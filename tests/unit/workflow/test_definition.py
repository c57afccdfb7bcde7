"""What a workflow may look like, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from libs.shared.schema.workflows import StateChange, WorkflowDefinition, destination, parse_timeout
from tests.unit.workflow.examples import action, approval, document, set_field, workflow


def without(key: str) -> dict[str, Any]:
    return {k: v for k, v in document(approval()).items() if k != key}


TRIGGER = document(approval())["trigger"]


@pytest.mark.parametrize(
    "refused",
    [
        without("name"),
        document(approval(), name=""),
        document(approval(), name="  "),
        without("trigger"),
        document(approval(), trigger={**TRIGGER, "type": None}),
        document(approval(), trigger={**TRIGGER, "type": "schedule"}),
        document(approval(), trigger={**TRIGGER, "entity": ""}),
        without("steps"),
        document(),
        document({"type": "approval"}),
        document({"id": "a"}),
        document({"id": "a", "type": "wait"}),
        document(approval("a"), approval("a")),
        document(approval("end")),
        document(approval(on_approve={"goto": "nowhere"})),
        document(action("a", then={"goto": "nowhere"})),
        document(approval("a", on_timeout="a")),
        document(approval(timeout="soon")),
        document(approval(timeout="0s")),
        document(approval(assignee={"type": "user", "user": "x"})),
        document({"id": "c", "type": "condition"}),
        document({"id": "c", "type": "condition", "expression": "context.days >"}),
        document(action("a", {"type": "send_event"})),
        document(action("a", {"type": "set_field", "entity": "e", "field": "f"})),
        document(action("a", {"type": "webhook", "url": "ftp://x"})),
        document(action("a", {"type": "webhook", "url": "http://x", "method": "BREW"})),
        document(approval(), context={"x": 1}),
    ],
)
def test_invalid_workflows_are_refused(refused: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        WorkflowDefinition.model_validate(refused)


@pytest.mark.parametrize("target", ["end", {"goto": "end"}, None])
def test_end_has_two_names_and_may_be_left_out(target: Any) -> None:
    step = workflow(action("a", then=target)).steps[0]
    assert destination(step.then) == "end"  # type: ignore[union-attr]


def test_definitions_are_stored_as_sent() -> None:
    sent = document(
        approval(timeout="48h", assignee={"type": "role", "role": "boss"}, on_approve={"goto": "b"}),
        action("b", set_field("status", None), {"type": "webhook", "url": "https://x/y"}),
        {"id": "c", "type": "condition", "expression": "context.days === 5 && context.x != nil"},
        active=False,
    )
    written = WorkflowDefinition.model_validate(sent).model_dump(mode="json")
    del sent["steps"][1]["actions"][0]["value"]  # null means absent
    assert written == sent
    assert WorkflowDefinition.model_validate(written).model_dump(mode="json") == written


@pytest.mark.parametrize("to", ["sent", 5, True, 1.5])
def test_a_state_keeps_its_type(to: Any) -> None:
    trigger = workflow(approval(), trigger={**TRIGGER, "to": to}).trigger
    assert isinstance(trigger, StateChange)
    assert (trigger.to, type(trigger.to)) == (to, type(to))


@given(st.integers(0, 999), st.integers(0, 999), st.integers(0, 999))
def test_timeouts(hours: int, minutes: int, seconds: int) -> None:
    text = "".join(f"{n}{unit}" for n, unit in ((hours, "h"), (minutes, "m"), (seconds, "s")) if n)
    if text:
        assert parse_timeout(text) == timedelta(hours=hours, minutes=minutes, seconds=seconds)


@pytest.mark.parametrize("text", ["", "h", "5", "5 h", "-5h", "5m3h", "5d", "5h\n", "٥h", "999999h", "1.5h"])
def test_invalid_timeouts(text: str) -> None:
    with pytest.raises(ValueError, match="72h"):
        parse_timeout(text)
