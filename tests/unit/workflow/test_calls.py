"""Effects in other services: in whose name, how often, and with which time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from libs.shared.contracts.context import AppRef
from libs.shared.contracts.workflows import DecisionBody
from libs.shared.errors import RocketError, unavailable
from services.workflow.decisions.deciding import decision_in
from services.workflow.running.calls import context_for
from services.workflow.running.retry_policy import GiveUp, RetryLater, outcome_of
from tests.unit.workflow.examples import approval, stored, workflow

LOCKED = RocketError("CONFLICT", "The record is being changed by somebody else, try again")
TAKEN = RocketError("CONFLICT", "A record with this number exists already", [{"field": "number"}])
INVALID = RocketError("VALIDATION_FAILED", "n must be a number")
BROKEN = RocketError("INTERNAL_ERROR", "An internal error occurred")


@pytest.mark.parametrize("error", [unavailable("data"), RocketError("TIMEOUT", ""), LOCKED])
def test_outages_are_retried_without_limit(error: RocketError) -> None:
    assert outcome_of(error, 0) == RetryLater(timedelta(seconds=0.5))
    assert outcome_of(error, 1) == RetryLater(timedelta(seconds=1))
    assert outcome_of(error, 10_000) == RetryLater(timedelta(seconds=30))


@pytest.mark.parametrize("error", [TAKEN, INVALID, RocketError("NOT_FOUND", "Record not found")])
def test_refusals_are_not_retried(error: RocketError) -> None:
    assert outcome_of(error, 0) == GiveUp(error.message)


def test_internal_errors_are_retried_for_a_while() -> None:
    assert isinstance(outcome_of(BROKEN, 18), RetryLater)
    assert outcome_of(BROKEN, 19) == GiveUp("An internal error occurred")


def test_the_workflow_acts_on_behalf_of_its_initiator() -> None:
    actor = {"id": "u", "email": "u@x", "roles": ["clerk"]}
    context = context_for(stored(workflow(approval()), actor=actor, cause_depth=3), AppRef("a", "shop", "db"))
    who = context.user
    assert (who.id, who.email, who.roles, who.via, who.on_behalf_of) == (
        "u",
        "u@x",
        ("clerk",),
        "workflow",
        "u",
    )
    assert (context.cause, context.cause_depth, context.trace_id) == ("workflow:check", 4, "t")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", DecisionBody()),
        (b" ", DecisionBody()),
        (b"{}", DecisionBody()),
        (b'{"comment":"ok"}', DecisionBody(comment="ok")),
        (b'{"comment":null,"step":null}', DecisionBody()),
        (b'{"step":"a"}', DecisionBody(step="a")),
        (
            b'{"form":{"n":1},"seat":"2","on_behalf_of":"a@b"}',
            DecisionBody(form={"n": 1}, seat="2", on_behalf_of="a@b"),
        ),
    ],
)
def test_decisions(body: bytes, said: DecisionBody) -> None:
    assert decision_in(body) == said


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "INVALID_PAYLOAD"),
        (b"[]", "VALIDATION_FAILED"),
        (b'{"comment":5}', "VALIDATION_FAILED"),
        (b'{"comment":"\\u0000"}', "VALIDATION_FAILED"),
        (b'{"step":5}', "VALIDATION_FAILED"),
    ],
)
def test_invalid_decisions(body: bytes, code: str) -> None:
    with pytest.raises(RocketError) as refused:
        decision_in(body)
    assert refused.value.code == code
