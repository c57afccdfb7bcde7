"""Keys of records as values, texts and SQL; and marks of included records that were cut."""

from __future__ import annotations

from typing import Any

import pytest

from libs.shared.errors import RocketError
from services.data.model import Key
from services.data.model.bounds import Bounds
from tests.support.client import entity, integer, text
from tests.support.schemas import schema_of

UUID = "0190a000-0000-7000-8000-000000000001"


def key(fields: Any = None, *more: dict[str, Any]) -> Key:
    settings = {"primary_key": {"fields": fields, "generated": False}} if fields else {}
    return schema_of(entity("thing", *more, **settings)).entity("thing").key


PAIR = key(["code", "no"], text("code"), integer("no"))


def test_a_simple_key() -> None:
    value = key().parse(UUID)
    assert (key().text(value), key().composite, key().generated) == (UUID, False, True)
    assert key().sql_text("_r") == '_r."id"::text'


def test_the_parts_of_a_composite_key_are_joined_by_commas() -> None:
    assert PAIR.parse("a,5") == ("a", 5)
    assert (PAIR.text(("a", 5)), PAIR.json_value({"code": "a", "no": 5})) == ("a,5", "a,5")
    assert PAIR.of({"no": 5, "code": "a", "x": 1}) == ("a", 5)
    assert PAIR.sql_text("_r") == 'concat_ws(\',\', _r."code", _r."no")'


@pytest.mark.parametrize(("of", "text_"), [(key(), "x"), (key(), ""), (PAIR, "a"), (PAIR, "a,5,6"), (PAIR, "a,b")])
def test_texts_that_are_no_key_are_not_found(of: Key, text_: str) -> None:
    with pytest.raises(RocketError) as refused:
        of.parse(text_)
    assert refused.value.code == "NOT_FOUND"


BOUNDS = Bounds(mark="cut-7:")


@pytest.mark.parametrize(
    ("answer", "whole", "paths"),
    [
        ('[{"a": 1}]', '[{"a": 1}]', []),
        ('[{"lines": [1, 2, "cut-7:lines"]}]', '[{"lines": [1, 2]}]', ["lines"]),
        ('[{"l":[1,"cut-7:l"]},{"l":[1, "cut-7:l"]}]', '[{"l":[1]},{"l":[1]}]', ["l"]),
        ('{"a": [{"b": [1,"cut-7:a.b"]},"cut-7:a"]}', '{"a": [{"b": [1]}]}', ["a.b", "a"]),
        ('["cut-8:lines"]', '["cut-8:lines"]', []),
    ],
)
def test_marks_are_taken_out_and_named(answer: str, whole: str, paths: list[str]) -> None:
    assert BOUNDS.split_marks(answer) == (whole, paths)


def test_marks_of_cut_values_are_taken_out_and_named() -> None:
    answer = '[{"a": "cut-7:~a:be\\"gin…", "l": [{"b": "cut-7:~l.b:x:y…"}, "cut-7:l"], "c": "cut-8:~c:"}]'
    whole = '[{"a": "be\\"gin…", "l": [{"b": "x:y…"}, "cut-7:l"], "c": "cut-8:~c:"}]'
    assert BOUNDS.split_value_marks(answer) == (whole, ["a", "l.b"])
