"""Business events, the person who sends them: one row, and one signal."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from libs.shared.bodies import validate
from libs.shared.contracts.business_events import EventSent
from libs.shared.contracts.context import NO_TRACE, Context, Identity
from libs.shared.contracts.events import BusinessEventBody
from libs.shared.contracts.streams import CommitEvent, SignalEvent
from services.events.business_events import sent_row, told, told_of_transition, told_of_workflow, transition_rows
from services.events.rows import business_row
from tests.unit.workflow.examples import commit

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
CALLER = Identity("u", "u@x", ("clerk",))
TRACE = "11111111-2222-4333-8444-555555555555"


def test_an_event_of_a_caller_is_told_with_their_roles() -> None:
    body = validate(BusinessEventBody, {"action": "paid", "record_id": 7, "entity": "order", "metadata": {"n": 1}})
    row = business_row(Context(TRACE, identity=CALLER), body, NOW)
    signal = told(row, CALLER.email, CALLER.roles, 0)
    assert (signal.event_key, signal.about, signal.action, signal.metadata) == (row["id"], "order/7", "paid", {"n": 1})
    assert (signal.user_id, signal.user_email, signal.user_roles, signal.cause_depth) == ("u", "u@x", ["clerk"], 0)
    assert told({**row, "record_id": None}, None, (), 0).subject_key == "paid"


def moved(*effects: dict[str, Any]) -> CommitEvent:
    return commit(effects=[{**each, "transition": {"machine": "m"}} for each in effects], cause_depth=2)


def test_events_of_a_transition_have_ids_of_their_own_and_its_depth() -> None:
    sends = {"type": "send_event", "event": "shipped", "payload": {"n": 1}}
    event = moved(sends, {"type": "webhook"}, sends)
    rows = transition_rows(event, None)
    signals = [told_of_transition(event, row) for row in rows]
    assert len({signal.event_key for signal in signals}) == 2
    assert {(signal.action, signal.user_email, signal.cause_depth) for signal in signals} == {("shipped", "u@x", 3)}
    assert transition_rows(event, None) == rows


def test_an_event_of_a_workflow_is_the_same_whenever_it_is_handled() -> None:
    sent = EventSent(
        trace_id=NO_TRACE, instance_id="i", workflow_id="w", workflow_name="w", entity="", record_id="", user_id="u",
        user_email="u@x", cause_depth=1, event="shipped", payload={"to": "me"}, effect_key="i/1/0",
    )  # fmt: skip
    signal = SignalEvent(9, "a", "workflow", "event_sent", "i", NO_TRACE, {}, NOW.isoformat())
    row = sent_row(signal, sent)
    assert (row["trace_id"], row["entity"], row["record_id"], row["metadata"]) == (None, None, None, {"to": "me"})
    passed_on = told_of_workflow(sent, row)
    assert passed_on == told_of_workflow(sent, sent_row(signal, sent)) and passed_on.cause_depth == 2
    assert passed_on.event_key != told_of_workflow(sent, sent_row(signal, replace(sent, effect_key="i/2/0"))).event_key
