"""Which commits become notifications, and in what words."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from libs.shared.contracts.streams import CommitEvent
from libs.shared.people import Person
from libs.shared.schema.notifications import NotificationRule
from libs.shared.snapshots.subscriptions import SubscriptionIndex
from services.notify.fan_out import fan_out, receivers_of
from services.notify.matching import RULES, NewNotification, RuleIndex, match
from services.notify.recipients import Directory
from tests.support.schemas import schema_with
from tests.unit.notify.commits import ANN_EMAIL, ANN_ID, APP, DEFINITIONS, commit

RULE_ID = "0190a000-0000-7000-8000-0000000000aa"


def rule(**parts: Any) -> dict[str, Any]:
    return {
        "id": RULE_ID,
        "name": "new ticket",
        "entity": "ticket",
        "hook": "after_write",
        "channel": "email",
        "template": {
            "subject": "{{ action }} {{ record.title }}",
            "body": "By {{ user.email }} in {{ app.name }}",
        },
        "recipients": [{"email": "eve@example.com"}],
        "tell_actor": True,
        **parts,
    }


def index(*documents: dict[str, Any]) -> RuleIndex:
    return SubscriptionIndex.of(RULES, schema_with("notification-rules", list(documents)))


def notifications(document: dict[str, Any], event: CommitEvent) -> list[NewNotification]:
    directory = Directory()
    directory.add([Person(ANN_ID, ANN_EMAIL)])
    found = match(APP, index(document).candidates(event), event, DEFINITIONS)
    return [new for each in found for new in fan_out(each, receivers_of(each, directory)).notifications]


@pytest.mark.parametrize(
    ("hook", "actions"),
    [
        ("after_create", ["create"]),
        ("after_update", ["update"]),
        ("after_write", ["create", "update"]),
        ("after_delete", ["delete"]),
    ],
)
def test_hooks_match_their_actions_only(hook: str, actions: list[str]) -> None:
    document = rule(hook=hook)
    hit = [a for a in ("create", "update", "delete") if notifications(document, commit(a, {"id": 1}, {"id": 1}))]
    assert hit == actions


def test_a_match_becomes_one_notification_per_recipient() -> None:
    document = rule(recipients=[{"email": "eve@example.com"}, {"user": ANN_ID}])
    first, second = notifications(document, commit(after={"title": "Printer"}))
    assert (first.recipient, first.user_id) == (ANN_EMAIL, ANN_ID)
    assert (second.recipient, second.user_id) == ("eve@example.com", None)
    assert second.subject == "create Printer"
    assert second.body == "By ann@example.com in shop"
    assert second.metadata == {"rule": "new ticket", "rule_id": RULE_ID, "action": "create"}
    assert first.effect_key != second.effect_key


def test_the_effect_key_is_the_same_each_time() -> None:
    event = commit(after={"title": "x"})
    assert [n.effect_key for n in notifications(rule(), event)] == [f"rule/{RULE_ID}/7.1/eve@example.com"]
    assert notifications(rule(), event) == notifications(rule(), event)


def test_inactive_rules_and_false_conditions_match_nothing() -> None:
    event = commit("update", {"n": 1}, {"n": 2}, {"n": {"old": 1, "new": 2}})
    assert not notifications(rule(active=False), event)
    assert not notifications(rule(condition="record.n > old.n + 1"), event)
    assert notifications(rule(condition="record.n > old.n && action == 'update' && changes.n.new == 2"), event)


def test_a_condition_that_cannot_be_evaluated_is_a_visible_failure() -> None:
    [failed] = notifications(rule(condition="record.title - 1 > 0"), commit(after={"title": "x"}))
    assert failed.error is not None
    assert failed.error.startswith("the condition could not be evaluated: ")
    assert failed.recipient == ""


def test_a_deletion_uses_the_former_record() -> None:
    [new] = notifications(rule(hook="after_delete"), commit("delete", {"title": "Printer"}))
    assert new.subject == "delete Printer"


def test_a_commit_is_matched_with_the_rules_of_its_version() -> None:
    today = index(rule(active=False), rule(id="new"))
    then = today.past(2, [rule(), rule(id="deleted since"), rule(id="new", active=False)])
    event = commit(after={"title": "x"})
    assert [found.id for found in then.candidates(event)] == [RULE_ID]
    assert [found.id for found in then.deleted_candidates(event)] == ["deleted since"]


def test_a_renamed_entity_matches_under_both_names() -> None:
    then = index(rule()).past(2, [rule(entity="issue")])
    assert [len(then.candidates(commit(entity=name))) for name in ("issue", "ticket", "other")] == [1, 1, 0]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"hook": "before_write"}, "hook"),
        ({"channel": ""}, "channel"),
        ({"condition": "record. =="}, "condition"),
        ({"template": {"subject": "no body"}}, "template"),
        ({"recipients": []}, "recipients"),
        ({"recipients": [{"role": "a", "email": "a@b"}]}, "recipients"),
        ({"recipients": [{"group": "a"}]}, "recipients"),
        ({"recipients": [{"role": " "}]}, "recipients"),
        ({"recipients": [{"email": "nobody"}]}, "recipients"),
        ({"recipients": [{"user": "nobody"}]}, "recipients"),
    ],
)
def test_a_mistake_in_a_rule_is_refused_with_its_field(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        NotificationRule.model_validate(rule(**wrong))
    assert refusal.value.errors()[0]["loc"][0] == field
