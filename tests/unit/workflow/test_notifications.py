"""Whom instances tell of what."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from libs.shared.contracts.workflow_notifications import NotificationRequested
from libs.shared.schema.workflows import WorkflowDefinition
from services.workflow.history.instances import InstanceOrigin, StoredInstance
from services.workflow.machine.inputs import Cancel, Input
from services.workflow.notifications import notifications_of
from tests.unit.workflow.examples import NOW, RECORD
from tests.unit.workflow.machine.world import INITIATOR, PEOPLE, World, workflow


class TellingWorld(World):
    """A world that keeps what its instance has told."""

    def __init__(self, definition: WorkflowDefinition, **origin: Any) -> None:
        self.told: list[NotificationRequested] = []
        self.origin = InstanceOrigin("invoice", RECORD, "manual/1", INITIATOR, "t", 0, **origin)
        super().__init__(definition)

    def tell(self, given: Input) -> None:
        known = len(self.history)
        super().tell(given)
        instance = StoredInstance("i", "w", "w", self.plan, "", self.origin, self.state, NOW)
        self.told += notifications_of(instance, self.state, self.history[known:])

    @property
    def summary(self) -> list[tuple[str, list[Any]]]:
        """Each occasion with whom it is told."""
        return [(each.about, [value for to in each.recipients for value in to.values()]) for each in self.told]


def ask(**parts: Any) -> dict[str, Any]:
    return {"id": "ask", "type": "approval", **parts}


def test_approvers_are_asked_reminded_and_relieved_and_the_initiator_hears_the_outcome() -> None:
    seats = [{"role": "boss"}, {"user": "cyd", "label": "books"}]
    world = TellingWorld(workflow(ask(
        approvers=seats, mode="all", timeout="72h", reminders=["24h"], separation=["initiator"],
        escalation=[{"after": "48h", "to": {"user": "ben"}}],
    )))  # fmt: skip
    assert world.summary == [("approval_requested", ["boss", "cyd"])]
    (asked,) = world.told
    assert asked.except_users == ["dan"] and asked.channels == ("in_app", "email")
    assert RECORD in asked.text["body"] and "It has to be made by" in asked.text["body"]
    world.decide("ann", True)
    world.wait(timedelta(hours=25))
    world.wait(timedelta(hours=24))
    assert world.summary[1:] == [("reminder", ["cyd"]), ("escalated", ["ben"])]
    world.decide("ben", True)
    assert world.summary[3:] == [("approved", ["dan"]), ("completed", ["dan"])]
    assert "by ben@x" in world.told[3].text["body"]
    assert len({each.effect_key for each in world.told}) == len(world.told)


def test_who_did_it_themselves_is_not_told() -> None:
    world = TellingWorld(workflow(ask()))
    assert world.summary == []  # anybody may decide: nobody is asked
    world.give(Cancel("changed my mind", PEOPLE["dan"]))
    assert world.summary == []
    other = TellingWorld(workflow(ask(assignee={"type": "role", "role": "boss"})))
    other.give(Cancel("not needed", PEOPLE["root"]))
    assert other.summary == [("approval_requested", ["boss"]), ("cancelled", ["dan"])]


def test_silence_is_respected() -> None:
    assert TellingWorld(workflow(ask(assignee={"type": "role", "role": "boss"}), notify=False)).summary == []
    automatic = {"type": "record_created", "entity": "invoice"}
    act = {"id": "act", "type": "action", "actions": []}
    assert TellingWorld(workflow(act, trigger=automatic)).summary == []
    assert TellingWorld(workflow(act)).summary == [("completed", ["dan"])]
    assert TellingWorld(workflow(act), parent_id="p", parent_key="k").summary == []


def test_steps_tell_with_their_own_words() -> None:
    action = {
        "type": "send_notification", "channel": "in_app", "template": {"subject": "About {{ trigger.record.manager }}"},
        "to": [{"role": "boss"}, {"path": "trigger.record.manager"}, {"initiator": True}, {"path": "record.none"}],
    }  # fmt: skip
    world = TellingWorld(workflow({"id": "tell", "type": "action", "actions": [action]}, notify=False))
    (told,) = world.told
    assert (told.about, told.step, told.text["subject"]) == ("action", "tell", "About ann")
    assert told.recipients == [{"role": "boss"}, {"user": "ann"}, {"user": "dan"}]
    assert told.quoted == {"manager": ["ann"]}
