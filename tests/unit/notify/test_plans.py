"""What is found out ahead of a transaction is there in it, once."""

from __future__ import annotations

import pytest

from libs.shared.errors import RocketError
from services.notify.fan_out import FanOut
from services.notify.matching import NewNotification
from services.notify.plans import Plans
from tests.unit.notify.commits import APP, commit

PLANNED = [FanOut("rule/r", [NewNotification("email", "ann@example.com", "s", "b", "k")])]


def test_a_plan_is_taken_once_and_then_asked_for_again() -> None:
    plans, event = Plans(), commit(after={})
    plans.keep(APP, event, PLANNED)
    assert plans.take(APP, event) == PLANNED
    with pytest.raises(RocketError) as missing:
        plans.take(APP, event)
    assert missing.value.transient


def test_an_empty_plan_is_a_plan() -> None:
    plans, event = Plans(), commit(after={})
    plans.keep(APP, event, [])
    assert plans.take(APP, event) == []


def test_plans_of_events_handled_before_are_forgotten() -> None:
    plans, event = Plans(), commit(after={})
    plans.keep(APP, event, PLANNED)
    plans.forget(APP, [event])
    with pytest.raises(RocketError):
        plans.take(APP, event)
