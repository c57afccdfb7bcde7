"""What transitions have people told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from libs.shared.people import Person
from services.notify.fan_out import fan_out, receivers_of
from services.notify.recipients import Directory
from services.notify.transition_actions import transition_notifications
from tests.unit.notify.commits import ANN_EMAIL, ANN_ID, DEFINITIONS, commit

TRANSITION = {"machine": "m", "field": "status", "from": "open", "to": "paid"}


def notifications(**parts: Any) -> list[Any]:
    effect = {"type": "send_notification", "channel": "email", "template": "Paid", "to": "eve@example.com", **parts}
    event = replace(commit("update"), effects=[{"type": "send_event"}, {**effect, "transition": TRANSITION}])
    directory = Directory(by_role={"boss": [Person(ANN_ID, ANN_EMAIL)]})
    directory.add(directory.by_role["boss"])
    return [
        new
        for notification in transition_notifications(event, DEFINITIONS)
        for new in fan_out(notification, receivers_of(notification, directory)).notifications
    ]


@pytest.mark.parametrize(
    ("to", "recipients"),
    [
        ("eve@example.com", ["eve@example.com"]),
        (ANN_ID, [ANN_EMAIL]),
        ("boss", [ANN_EMAIL]),
        (["boss", ANN_EMAIL.upper(), {"user": ANN_ID}], [ANN_EMAIL]),
        ([{"role": "boss"}, {"email": "eve@example.com"}, None, 7, {}], [ANN_EMAIL, "eve@example.com"]),
    ],
)
def test_recipients_of_an_action(to: Any, recipients: list[str]) -> None:
    assert sorted(new.recipient for new in notifications(to=to)) == sorted(recipients)


@pytest.mark.parametrize(
    ("template", "subject", "body"),
    [
        ("Paid\nall of it", "Paid", "Paid\nall of it"),
        ({"subject": "Paid\r\nBcc: x", "body": "all"}, "Paid Bcc: x", "all"),
        ({"body": {"a": 1}}, '{"a":1}', '{"a":1}'),
        (None, "", ""),
    ],
)
def test_texts_of_an_action(template: Any, subject: str, body: str) -> None:
    [new] = notifications(template=template)
    assert (new.subject, new.body) == (subject, body)


def test_each_recipient_has_a_stable_effect_key() -> None:
    first, second = notifications(to=["boss", "eve@example.com"])
    assert first.effect_key != second.effect_key
    assert first.effect_key == f"transition/7.1/1/{ANN_ID}"
    assert notifications(to=["boss", "eve@example.com"]) == [first, second]


@pytest.mark.parametrize("wrong", [{"to": None}, {"to": "nobody"}, {"channel": "pigeon"}])
def test_failures_are_visible(wrong: dict[str, Any]) -> None:
    [new] = notifications(**wrong)
    assert new.error and not new.recipient


def test_other_effects_are_ignored() -> None:
    assert not transition_notifications(replace(commit(), effects=[{"type": "send_event"}]), DEFINITIONS)
