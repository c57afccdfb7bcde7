"""What workflow instances have told."""

from __future__ import annotations

from typing import Any

import pytest

from libs.shared.contracts.workflow_notifications import NotificationRequested
from libs.shared.people import Person
from services.notify.delegates import widened
from services.notify.fan_out import fan_out, receivers_of
from services.notify.recipients import Directory
from services.notify.workflow_notifications import NOBODY_KNOWN, workflow_notifications
from tests.unit.notify.commits import DEFINITIONS

ANN = Person("0190a000-0000-7000-8000-00000000000a", "ann@example.com", frozenset({"boss"}))
BOB = Person("0190a000-0000-7000-8000-00000000000b", "bob@example.com", frozenset({"boss"}))


def event_of(**values: Any) -> NotificationRequested:
    known: dict[str, Any] = {
        "trace_id": "t", "instance_id": "i", "workflow_id": "w", "workflow_name": "leave", "entity": "leave",
        "record_id": "r", "user_id": BOB.id, "user_email": BOB.email, "cause_depth": 1, "about": "approval_requested",
        "step": "review", "channels": ["in_app", "email"], "text": {"subject": "Please decide", "body": "A leave."},
        "recipients": [{"role": "boss"}], "effect_key": "i/1/review",
    }  # fmt: skip
    return NotificationRequested(**{**known, **values})


def told(public_url: str = "https://rocket.example", mails: bool = True, **values: Any) -> list[Any]:
    directory = Directory(by_role={"boss": [ANN, BOB]})
    directory.add([ANN, BOB])
    requests = workflow_notifications(event_of(**values), "shop", public_url, mails, DEFINITIONS)
    return [new for request in requests for new in fan_out(request, receivers_of(request, directory)).notifications]


def test_each_person_is_told_once_by_each_channel_with_a_link() -> None:
    found = told()
    assert [(new.channel, new.user_id) for new in found] == [
        ("in_app", ANN.id), ("in_app", BOB.id), ("email", ANN.id), ("email", BOB.id),
    ]  # fmt: skip
    link = "https://rocket.example/admin/shop/instances/i"
    assert {new.metadata["link"] for new in found} == {link}
    assert [link in new.body for new in found] == [False, False, True, True]
    assert len({new.effect_key for new in found}) == 4
    assert found[0].metadata["workflow"] == {
        "id": "w", "name": "leave", "instance_id": "i", "occasion": "approval_requested", "step": "review",
    }  # fmt: skip


def test_who_has_caused_it_is_left_out() -> None:
    assert {new.user_id for new in told(except_users=[BOB.id])} == {ANN.id}


def test_without_a_mail_server_only_what_was_asked_for_is_mailed() -> None:
    assert {new.channel for new in told(mails=False)} == {"in_app"}
    assert {new.channel for new in told(mails=False, about="action", channels=["email"])} == {"email"}


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"recipients": [{"role": "nobody"}], "channels": ["in_app"]}, NOBODY_KNOWN),
        ({"channels": ["pigeon"], "about": "action"}, "there is no channel pigeon"),
    ],
)
def test_what_reaches_nobody_is_shown_as_failed(values: dict[str, Any], error: str) -> None:
    (new,) = told(**values)
    assert (new.recipient, new.error) == ("", error)


def test_an_outcome_that_reaches_nobody_is_no_news() -> None:
    assert told(recipients=[{"user": "0190a000-0000-7000-8000-0000000000ff"}], about="completed", step=None) == []


def test_a_text_without_subject_has_its_first_line_as_one() -> None:
    (new, *_) = told(text={"body": "Decide soon\nby Friday"}, public_url="")
    assert (new.subject, new.metadata["link"]) == ("Decide soon", "/admin/shop/instances/i")


def test_delegates_are_asked_in_the_place_of_those_who_are() -> None:
    cyd = Person("0190a000-0000-7000-8000-00000000000c", "cyd@example.com")
    known: dict[str, Any] = {"channels": ["in_app"], "except_users": [BOB.id]}
    directory = Directory(by_role={"boss": [ANN, BOB]})
    directory.add([ANN, BOB, cyd])

    def asked(**values: Any) -> set[str | None]:
        (request,) = workflow_notifications(event_of(**{**known, **values}), "shop", "", True, DEFINITIONS)
        for_delegates = widened(request, {ANN.id: {cyd.id}}, directory)
        return {new.user_id for new in fan_out(for_delegates, receivers_of(for_delegates, directory)).notifications}

    assert asked() == {ANN.id, cyd.id}
    assert asked(except_users=[ANN.id]) == {BOB.id}  # who may not decide is not replaced
    assert asked(about="approved") == {ANN.id}
