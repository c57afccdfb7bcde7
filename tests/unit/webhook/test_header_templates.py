"""`{{env.NAME}}` in header values."""

from __future__ import annotations

from services.webhook.header_templates import Value, conceal, fill, shown, visible

ENVIRONMENT = {"TOKEN": "t0k", "OTHER": "o", "ROCKET_SECRET_KEY": "s", "LINES": "a\r\nX-Evil: 1"}


def test_development_shows_all_but_our_own() -> None:
    assert set(visible(ENVIRONMENT, production=False, allowed=())) == {"TOKEN", "OTHER", "LINES"}


def test_production_shows_what_is_allowed_and_never_our_own() -> None:
    assert visible(ENVIRONMENT, production=True, allowed=["TOKEN", "ROCKET_SECRET_KEY"]) == {"TOKEN": "t0k"}


def test_placeholders_are_filled_and_unknown_ones_are_empty() -> None:
    headers = {
        "Authorization": "Bearer {{env.TOKEN}}",
        "X": "{{ env.TOKEN }}/{{env.NONE}}",
        "Y": "{{record.id}}",
    }
    assert fill(headers, {"TOKEN": "t0k"}) == {
        "Authorization": "Bearer t0k",
        "X": "t0k/",
        "Y": "{{record.id}}",
    }


def test_a_value_gains_no_second_line() -> None:
    assert fill({"X": "{{env.LINES}}"}, ENVIRONMENT) == {"X": "aX-Evil: 1"}


def test_texts_of_parts_are_no_templates() -> None:
    value: Value = ["Bearer ", {"env": "TOKEN"}, " for {{env.OTHER}}\r\nX-Evil: 1"]
    assert fill({"X": value}, ENVIRONMENT) == {"X": "Bearer t0k for {{env.OTHER}}X-Evil: 1"}
    assert shown(value) == "Bearer {{env.TOKEN}} for {{env.OTHER}}\r\nX-Evil: 1"


def test_answers_that_repeat_a_secret_hide_it_whichever_way_it_was_named() -> None:
    values: list[Value] = ["{{env.KEY}}", [{"env": "KEY"}, " x"]]
    for value in values:
        assert conceal("you sent s3cr3t!", {"X": value}, {"KEY": "s3cr3t!"}) == "you sent {{env.KEY}}"
