"""A list's query, read."""

from __future__ import annotations

from typing import Any

import pytest

from libs.shared.contracts.context import SYSTEM
from libs.shared.errors import RocketError
from libs.shared.paging import LAST_PAGE
from services.data.query.parameters import MAX_FILTERS, MAX_SORTS, ListQuery, parse_list
from services.data.query.predicates import MAX_LIST_VALUES
from services.data.query.scope import Scope
from tests.support.client import integer, text
from tests.support.schemas import model_of

MODEL = model_of(text("name"), integer("count"), {"name": "data", "type": "json"})


def parse(pairs: list[tuple[str, str]]) -> tuple[ListQuery, list[Any]]:
    """A query on things, and the values in it."""
    scope = Scope(MODEL, SYSTEM)
    return parse_list(scope, MODEL.entity("thing"), pairs), scope.values


def test_all_parameters_together() -> None:
    query, values = parse(
        [
            ("filter[name]", "a"),
            ("filter[count.gte]", "1"),
            ("filter[count.in]", " 1 ,2"),
            ("sort", " name , -count,+id"),
            ("page", "3"),
            ("per_page", "20"),
            ("unheard", "of"),
        ],
    )
    assert query.listing.criteria.conditions == (("name", "eq", 1), ("count", "gte", 2), ("count", "in", 3))
    assert values == ["a", 1, (1, 2), 20, 40]
    assert query.listing.sort == (("name", False), ("count", True), ("id", False))
    assert (query.page.number, query.page.size, query.page.offset) == (3, 20, 40)


def test_no_parameters() -> None:
    query, _ = parse([("sort", ""), ("include", " , ")])
    assert (query.listing.criteria.conditions, query.listing.sort) == ((), ())
    assert (query.page.number, query.page.size, query.page.offset) == (1, 25, 0)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("filter[nope]", "1", "UNKNOWN_FIELD"), ("filter[]", "1", "UNKNOWN_FIELD"),
        ("filter[.eq]", "1", "UNKNOWN_FIELD"),
        ("filter[count.near]", "1", "INVALID_PAYLOAD"), ("filter[count.eq.eq]", "1", "INVALID_PAYLOAD"),
        ("filter[count]", "x", "INVALID_PAYLOAD"), ("filter[count.in]", "1,,2", "INVALID_PAYLOAD"),
        ("filter[data]", "{}", "INVALID_PAYLOAD"), ("filter[data.like]", "x", "INVALID_PAYLOAD"),
        ("filter[name.like]", "\\", "INVALID_PAYLOAD"), ("filter[name.like]", "a\\\\\\", "INVALID_PAYLOAD"),
        ("filter[name.like]", "\0", "INVALID_PAYLOAD"), ("filter[id]", "5", "INVALID_PAYLOAD"),
        ("filter[count.in]", ",".join(["1"] * (MAX_LIST_VALUES + 1)), "INVALID_PAYLOAD"),
        ("sort", "nope", "UNKNOWN_FIELD"), ("sort", "-data", "UNKNOWN_FIELD"), ("sort", "--", "UNKNOWN_FIELD"),
        ("sort", ",".join(["name"] * (MAX_SORTS + 1)), "INVALID_PAYLOAD"), ("include", "nope", "UNKNOWN_FIELD"),
    ],
)  # fmt: skip
def test_invalid_parameters_are_refused(name: str, value: str, code: str) -> None:
    with pytest.raises(RocketError) as refusal:
        parse([(name, value)])
    assert refusal.value.code == code


def test_the_largest_query() -> None:
    parse([("filter[name]", "a")] * MAX_FILTERS)
    with pytest.raises(RocketError):
        parse([("filter[name]", "a")] * (MAX_FILTERS + 1))
    assert parse([("filter[name.in]", "," * (MAX_LIST_VALUES - 1))])[1][0] == ("",) * MAX_LIST_VALUES
    assert parse([("filter[name.like]", "\\\\")])[1][0] == "\\\\"


@pytest.mark.parametrize(
    ("text", "number", "size"),
    [
        ("1", 1, 1), ("007", 7, 7), ("101", 101, 100), ("9" * 18, LAST_PAGE, 100),
        *[(bad, 1, 25) for bad in ("9" * 19, "", "0", "-1", "+1", "1.0", "x", "²", "١", " 1")],
    ],
)  # fmt: skip
def test_page_numbers_fall_back(text: str, number: int, size: int) -> None:
    page = parse([("page", text), ("per_page", text)])[0].page
    assert (page.number, page.size) == (number, size)
