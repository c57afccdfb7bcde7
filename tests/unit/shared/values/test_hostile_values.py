"""Small values with a large cost are refused, or read in linear time."""

from __future__ import annotations

from decimal import Decimal

import pytest

from libs.shared import exact
from libs.shared.expressions import ExpressionError
from libs.shared.expressions.syntax.measuring import check_text
from libs.shared.schema import BadValue, FieldDefinition, parse_value, slugs
from libs.shared.schema.json_values import path_of_nul
from libs.shared.schema.slugs import slugify


@pytest.mark.parametrize("value", [Decimal("1e999999999"), Decimal("-1e999999999"), 1e300])
def test_a_number_with_a_large_exponent_is_never_written_out(value: Decimal | float) -> None:
    with pytest.raises(BadValue, match="must be between"):
        parse_value(FieldDefinition(name="n", type="int"), value)


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("1.5"), Decimal("1e-999999999"), float("inf"), True, "x"])
def test_non_integers_are_refused(value: object) -> None:
    with pytest.raises(BadValue, match="whole number"):
        parse_value(FieldDefinition(name="n", type="bigint"), value)


@pytest.mark.parametrize("text", ["1E+999999999", "1E-999999999", "-1E+999999999"])
def test_json_writes_a_large_exponent_as_one(text: str) -> None:
    written = exact.dumps({"n": Decimal(text)})
    assert len(written) < 50
    assert exact.loads(written) == {"n": Decimal(text)}


def test_a_million_accents_in_a_row_make_a_slug() -> None:
    """`normalize` of the whole text would take an hour to put them into order."""
    assert slugify("a" + "\u0301\u0323" * 300_000 + "\u0f73" * 300_000 + "B") == "ab"


def test_a_slug_is_made_of_no_more_text_than_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """U+FDFA stands for 18 letters: 10 MiB of it froze the data service for seven seconds."""
    read = 0

    def unaccented(character: str) -> str:
        nonlocal read
        read += 1
        return character

    monkeypatch.setattr(slugs, "_unaccented", unaccented)
    assert slugify("\u0431" * 300_000) == "\u0431" * slugs.MAX_SLUG_CHARACTERS
    assert read <= slugs.MAX_SLUG_CHARACTERS + slugs.PIECE_CHARACTERS


@pytest.mark.parametrize(
    "text", ["-" * 200 + "Ä b" + " " * 200 + "ß_" * 90, "x" * 300, "a b" * 100, "\ufdfa" * 20, "", "--"]
)
def test_a_slug_read_in_pieces_is_that_of_the_whole(text: str) -> None:
    pieces = slugify(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slugs, "PIECE_CHARACTERS", 1_000_000)
        assert slugify(text) == pieces


def test_the_position_of_nul_is_formatted_only_for_errors() -> None:
    """The path of each of these values, spelled out, would take 100 GB together."""
    assert path_of_nul({"k" * 1_000_000: [0] * 100_000}) is None
    assert path_of_nul({"a": [{"b": "x"}, {"c": "\x00"}]}) == "a.1.c"
    assert path_of_nul({"a": {"b\x00": 1}}) == "a.b\\0"


@pytest.mark.parametrize("text", ["'" + "\\'" * 4_990, '"' + '\\"' * 4_990 + "\\", "'abc"])
def test_a_string_without_an_end_is_read_once(text: str) -> None:
    check_text(text)  # it is refused by the grammar, not here


def test_brackets_behind_a_string_are_counted() -> None:
    with pytest.raises(ExpressionError, match="too deeply"):
        check_text("'\\'(' == \"(\" && " + "(" * 65)
