"""What becomes of a body: values to store, or all that is wrong with it."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from libs.shared.bodies import read_object
from libs.shared.errors import RocketError
from services.data.model import EntityModel
from services.data.writes.preparing.validation import Invalid, validate_create, validate_update
from tests.support.client import integer, text
from tests.support.schemas import compiled

THING = compiled(
    text("name", required=True),
    text("note", required=True, nullable=True),
    text("size", enum=["s", "m"], default="m"),
    integer("count", default=0),
    {"name": "on", "type": "boolean", "default": False},
    {"name": "made", "type": "timestamp", "auto": "create"},
    {"name": "seen", "type": "timestamp", "auto": "update"},
)
STRING_KEY = {"field": "key", "type": "string", "generated": False}
KEYED = compiled(text("key"), primary_key=STRING_KEY)


def problems(check: Any, entity: EntityModel, body: dict[str, Any]) -> list[tuple[str, str]]:
    """Field and rule of each detail of the refusal."""
    with pytest.raises(Invalid) as refusal:
        check(entity, body)
    assert all(detail["message"] for detail in refusal.value.details)
    return [(detail["field"], detail["rule"]) for detail in refusal.value.details]


def test_a_new_record_has_a_key_and_defaults() -> None:
    values = validate_create(THING, {"name": "a", "note": None, "id": "mine", "made": "whatever", "seen": 5})
    key = values.pop("id")
    assert isinstance(key, uuid.UUID) and key.version == 7
    assert values == {"name": "a", "note": None, "size": "m", "count": 0, "on": False}


def test_sent_values_override_defaults() -> None:
    values = validate_create(THING, {"name": "a", "note": "n", "size": None, "count": 5, "on": True})
    assert (values["note"], values["size"], values["count"], values["on"]) == ("n", None, 5, True)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({}, [("name", "required")]),
        ({"name": None, "note": ""}, [("name", "required"), ("note", "required")]),
        ({"name": "", "note": None}, [("name", "required")]),
        ({"name": "a", "note": "n", "nope": 1}, [("nope", "unknown")]),
        ({"name": 5, "note": "n", "count": "x", "size": "xl"}, [("name", "type"), ("size", "enum"), ("count", "type")]),
        ({"name": "a", "nope": 1, "count": 1.5}, [("nope", "unknown"), ("count", "type")]),
    ],
)  # fmt: skip
def test_all_errors_of_a_new_record(body: dict[str, Any], found: list[tuple[str, str]]) -> None:
    assert problems(validate_create, THING, body) == found


def test_an_update_sets_only_what_was_sent() -> None:
    assert validate_update(THING, {}) == {}
    assert validate_update(THING, {"count": None, "note": None}) == {"count": None, "note": None}
    assert validate_update(THING, {"id": "other", "made": "x", "seen": None}) == {}


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"name": None}, [("name", "required")]),
        ({"name": ""}, [("name", "required")]),
        ({"note": ""}, [("note", "required")]),
        ({"size": "xl", "nope": 1}, [("nope", "unknown"), ("size", "enum")]),
    ],
)
def test_all_errors_of_an_update(body: dict[str, Any], found: list[tuple[str, str]]) -> None:
    assert problems(validate_update, THING, body) == found


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ({}, "required"), ({"key": None}, "required"), ({"key": ""}, "required"), ({"key": "a,b"}, "key"),
        ({"key": "_a"}, "key"), ({"key": 5}, "type"),
    ],
)  # fmt: skip
def test_refused_keys(body: dict[str, Any], rule: str) -> None:
    assert problems(validate_create, KEYED, body) == [("key", rule)]


def test_the_key_in_an_update_is_ignored() -> None:
    assert validate_update(KEYED, {"key": "other"}) == {}


def test_the_deletion_mark_cannot_be_written() -> None:
    soft = compiled(text("name"), {"name": "deleted_at", "type": "timestamp"}, soft_delete=True)
    assert "deleted_at" not in validate_create(soft, {"name": "a", "deleted_at": "2026-01-01T00:00:00Z"})
    assert validate_update(soft, {"deleted_at": None}) == {}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"a"', b"\xff", b"NaN", b'{"\\ud800":1}', b"[" * 9999])
def test_bodies_must_be_objects(body: bytes) -> None:
    with pytest.raises(RocketError) as refusal:
        read_object(body)
    assert refusal.value.code == "INVALID_PAYLOAD"


def test_decimals_keep_their_digits() -> None:
    entity = compiled({"name": "price", "type": "decimal"})
    values = validate_create(entity, read_object(b'{"price": 0.1000000000000000000000000001}'))
    assert str(values["price"]) == "0.1000000000000000000000000001"
