"""Bodies are parsed strictly; errors name their place."""

from __future__ import annotations

import pytest

from libs.shared.bodies import read_array, read_json, read_object
from libs.shared.errors import RocketError


def refused(body: bytes) -> RocketError:
    with pytest.raises(RocketError) as refusal:
        read_json(body)
    assert refusal.value.code == "INVALID_PAYLOAD"
    return refusal.value


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"{", "line 1, column 2"), (b'{"a": 1,}', "line 1, column 8"), (b'{"a": 1,\n "b" 2}', "line 2, column 6"),
        (b'{"a": 1} x', "line 1, column 10"), (b"[1,\n2,\n\nx]", "line 4, column 1"),
    ],
)  # fmt: skip
def test_invalid_json_is_reported_with_line_and_column(body: bytes, place: str) -> None:
    assert refused(body).message.endswith(f"at {place}")


@pytest.mark.parametrize("body", [b"", b"  \n"])
def test_an_empty_body_is_called_empty(body: bytes) -> None:
    assert refused(body).message == "The body is not valid JSON: it is empty"


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"a": 1, "a": 1}', "a"), (b'{"a": {"b": 1, "c": [{"d": 1, "e": 2, "d": 3}]}}', "d"),
        (b'[{"a": 1}, {"a": 1, "\\u0061": 2}]', "a"), (b'{"a": "b:c", "d": "\\":", "d": ":"}', "d"),
        (b'{"": 1, "": 2}', ""),
    ],
)  # fmt: skip
def test_equal_keys_in_one_object_are_refused(body: bytes, name: str) -> None:
    assert refused(body).details == [{"field": name, "message": "stands twice in one object"}]


@pytest.mark.parametrize(
    "body", [b'{"a": {"a": {"a": 1}}}', b'[{"a": 1}, {"a": 1}]', b'{"a": "a\\"a\\": 1", "b:b": "http://x:1/"}', b'":"']
)
def test_equal_keys_in_several_objects_are_accepted(body: bytes) -> None:
    read_json(body)


def test_numbers_keep_their_digits() -> None:
    assert str(read_object(b'{"a": 0.10}')["a"]) == "0.10"
    assert read_array(b"[1, 2]") == [1, 2]


def test_the_outermost_value_must_have_the_expected_type() -> None:
    for read, body in ((read_object, b"[]"), (read_object, b"1"), (read_array, b"{}")):
        with pytest.raises(RocketError, match="must be a JSON"):
            read(body)
