"""Cursors: the place behind a row, which belongs to one list."""

from __future__ import annotations

import base64
import json

import pytest

from libs.shared.contracts.context import SYSTEM
from libs.shared.errors import RocketError
from services.data.query.cursors import MAX_CURSOR_CHARACTERS, fingerprint_of, ordering, parse_cursor, write_cursor
from services.data.query.scope import Scope
from services.data.query.shapes import After
from tests.support.client import integer, text
from tests.support.schemas import model_of

MODEL = model_of(text("name"), integer("count"))
THING = MODEL.entity("thing")
KEY = "0190a000-0000-7000-8000-000000000001"
SORT = (("count", True),)
PRINT = fingerprint_of(THING, SORT, [])


def parsed(cursor: str, fingerprint: str = PRINT) -> tuple[After, list[object]]:
    scope = Scope(MODEL, SYSTEM)
    return parse_cursor(scope, THING, SORT, cursor, fingerprint), scope.values


def test_a_list_is_ordered_by_its_fields_and_then_by_the_key() -> None:
    assert [field.name for field in ordering(THING, SORT)] == ["count", "id"]
    assert [field.name for field in ordering(THING, (("id", False), ("name", False)))] == ["id", "name"]


def test_an_empty_cursor_is_the_beginning() -> None:
    assert parsed("") == (After(), [])


def test_values_of_a_cursor_are_parameters_of_their_types() -> None:
    behind, values = parsed(write_cursor(PRINT, ["5", KEY]))
    assert behind.slots == (1, 2)
    assert [str(value) for value in values] == ["5", KEY] and isinstance(values[0], int)


def test_null_is_a_place_but_not_for_a_key() -> None:
    assert parsed(write_cursor(PRINT, [None, KEY]))[0].slots == (0, 1)
    with pytest.raises(RocketError):
        parsed(write_cursor(PRINT, ["5", None]))


@pytest.mark.parametrize(
    ("pairs", "sort", "same"),
    [
        ([("page", "3"), ("per_page", "5")], SORT, True),
        ([("filter[name]", "a")], SORT, False),
        ([("q", "a")], SORT, False),
        ([("deleted", "with")], SORT, False),
        ([("as_of", "5")], SORT, False),
        ([], (("count", False),), False),
    ],
)
def test_the_fingerprint_is_of_filters_and_order(
    pairs: list[tuple[str, str]], sort: tuple[tuple[str, bool], ...], same: bool
) -> None:
    assert (fingerprint_of(THING, sort, pairs) == PRINT) is same


@pytest.mark.parametrize(
    "values",
    [[PRINT], [PRINT, "5"], [PRINT, "5", KEY, "x"], ["other", "5", KEY], [PRINT, "many", KEY], [PRINT, 5, KEY]],
)
def test_cursors_of_other_lists_are_refused(values: list[object]) -> None:
    text_ = base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")
    with pytest.raises(RocketError) as refused:
        parsed(text_)
    assert "cursor" in str(refused.value)


@pytest.mark.parametrize("cursor", ["?", "abc", "e30", "bnVsbA", "x" * (MAX_CURSOR_CHARACTERS + 1)])
def test_texts_that_are_no_cursor_are_refused(cursor: str) -> None:
    with pytest.raises(RocketError):
        parsed(cursor)


def test_values_too_long_for_a_url_have_no_cursor() -> None:
    with pytest.raises(RocketError, match="too long for a cursor"):
        write_cursor(PRINT, ["x" * MAX_CURSOR_CHARACTERS])
