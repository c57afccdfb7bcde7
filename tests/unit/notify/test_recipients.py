"""Who is meant by a rule."""

from __future__ import annotations

from typing import Any

import pytest

from libs.shared.emails import is_address
from libs.shared.people import Person
from services.notify.recipients import Addressees, Directory, Receivers, addressees_of, may_be

ANN = Person("0190a000-0000-7000-8000-00000000000a", "ann@example.com")
BOB = Person("0190a000-0000-7000-8000-00000000000b", "Bob@example.com")


def directory(*people: Person, **roles: list[Person]) -> Directory:
    known = Directory(by_role=dict(roles))
    known.add([*people, *(person for each in roles.values() for person in each)])
    return known


def addressees(*recipients: dict[str, str], record: dict[str, Any] | None = None) -> Addressees:
    return addressees_of(recipients, {"record": record or {}})


def test_each_kind_of_recipient_is_understood() -> None:
    found = addressees(
        {"role": "boss"},
        {"user": ANN[0]},
        {"user": "carl@example.com"},
        {"email": "dora@example.com"},
        {"path": "record.owner"},
        {"path": "record.watchers"},
        record={"owner": BOB[0].upper(), "watchers": ["eve@example.com", ANN[0], "nobody", 7, None]},
    )
    assert found.roles == {"boss"}
    assert found.ids == {ANN[0], BOB[0]}
    assert found.emails == {"carl@example.com", "dora@example.com", "eve@example.com"}


def test_a_path_to_nothing_means_nobody() -> None:
    assert addressees({"path": "record.owner"}, {"path": "old.owner"}) == Addressees()


def test_each_address_gets_one_mail() -> None:
    meant = Addressees(frozenset({ANN[0]}), frozenset({"ANN@example.com", "eve@example.com"}), frozenset({"boss"}))
    found = directory(ANN, boss=[ANN, BOB]).receivers("email", meant)
    assert sorted(found) == sorted([(ANN[1], ANN[0]), (BOB[1], BOB[0]), ("eve@example.com", None)])


def test_forms_of_one_address_are_one_recipient() -> None:
    """In NFC and lower case, without what cannot be seen; it is written to as it was named first, or is stored."""
    forms = frozenset({"je\u0301@example.com", "jé@example.com", "JÉ\u200b@example.com"})
    assert len(directory().receivers("email", Addressees(emails=forms))) == 1
    known = Person("0190a000-0000-7000-8000-00000000000c", "jé@example.com")
    found = directory(known).receivers("email", Addressees(emails=forms))
    assert found == [(known.email, known.id)] and may_be("email", Addressees(emails=forms), found)


def test_only_users_have_an_inbox() -> None:
    meant = Addressees(frozenset(), frozenset({"bob@example.com", "eve@example.com"}), frozenset())
    assert directory(BOB).receivers("in_app", meant) == [(BOB[1], BOB[0])]


def test_unknown_and_inactive_users_are_left_out() -> None:
    meant = Addressees(frozenset({ANN[0]}), frozenset(), frozenset({"boss"}))
    assert directory().receivers("email", meant) == []


NAMED = Addressees(frozenset({ANN[0]}), frozenset({"eve@example.com"}))
ANN_AND_EVE: Receivers = [(ANN[1], ANN[0]), ("eve@example.com", None)]


@pytest.mark.parametrize(
    ("channel", "receivers", "possible"),
    [
        ("email", ANN_AND_EVE, True),
        ("email", ANN_AND_EVE[1:], True),
        ("email", [("EVE@example.com", BOB[0])], True),
        ("in_app", [], True),
        ("in_app", [("eve@example.com", BOB[0])], True),
        ("email", ANN_AND_EVE[:1], False),
        ("email", [*ANN_AND_EVE, ANN_AND_EVE[0]], False),
        ("email", [*ANN_AND_EVE, (BOB[1], BOB[0])], False),
        ("email", [*ANN_AND_EVE, ("dora@example.com", None)], False),
        ("in_app", ANN_AND_EVE, False),
    ],
)
def test_possible_recipients_are_known_without_users(channel: str, receivers: Receivers, possible: bool) -> None:
    assert may_be(channel, NAMED, receivers) is possible


def test_a_role_may_mean_any_user() -> None:
    meant = Addressees(roles=frozenset({"boss"}))
    assert may_be("email", meant, [(BOB[1], BOB[0])])
    assert not may_be("email", meant, [(BOB[1], None)])


@pytest.mark.parametrize("address", ["a@b", "ann+x@example.com", "zoë@exämple.com"])
def test_valid_addresses(address: str) -> None:
    assert is_address(address)


@pytest.mark.parametrize(
    "address",
    ["", "ann", "@b", "a@", "a@b@c", "a b@c", "a@b\r\nBcc: x@y", "a@b, c@d", "a@b;c@d", "<a@b>", "a@b\0",
     "a" * 250 + "@b.cd", None, 7],
)  # fmt: skip
def test_invalid_addresses(address: object) -> None:
    assert not is_address(address)
