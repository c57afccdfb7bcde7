"""Hidden values are found in texts that contain them."""

from __future__ import annotations

from libs.shared.schema.secrecy import concealed, quoted, without


def test_values_are_masked_in_every_form() -> None:
    assert without("a ann@x.org b /ann%40x.org", ["ann@x.org"]) == "a *** b /***"
    assert without('{"a":"say \\"hi\\""}', ['say "hi"']) == '{"a":"***"}'
    assert without("two lines", ["two\nlines"]) == "***"


def test_short_values_are_masked_as_whole_words_only() -> None:
    assert without("pin 737, not 7370 nor a737 737 737", ["737"]) == "pin ***, not 7370 nor a737 *** ***"


def test_truncated_values_are_masked() -> None:
    secret = "secret" * 100
    assert without(("S " + secret)[:500], [secret]) == "S ***"
    assert without("no secret", [secret]) == "no secret"


def test_values_are_masked_within_json_by_text_and_number() -> None:
    given = {"a": ["x 1234", 1234, 12.5, True, None], "b": {"c": 99}}
    assert concealed(given, {"1234", "99"}) == {"a": ["x ***", "***", 12.5, True, None], "b": {"c": "***"}}


def test_quoted_values_are_kept_by_field() -> None:
    record = {"card": "4111", "profile": {"town": "Graz", "zip": 8010}, "note": "unused"}
    assert quoted([record, None], ["4111 lives in 8010 Graz"]) == {"card": ["4111"], "profile": ["8010", "Graz"]}
