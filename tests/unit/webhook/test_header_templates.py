"""`{{env.NAME}}` in header values."""

from __future__ import annotations

from services.webhook.header_templates import Value, conceal, fill, to_text, visible

ENVIRONMENT = {"TOKEN": "t0k", "OTHER": "o", "ROCKET_SECRET_KEY": "s", "LINES": "a\r\nX-Evil: 1"}


def test_development_exposes_all_but_rocket_variables() -> None:
    assert set(visible(ENVIRONMENT, production=False, allowed=())) == {"TOKEN", "OTHER", "LINES"}


def test_production_exposes_allowed_variables_only() -> None:
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


def test_values_cannot_add_a_header_line() -> None:
    assert fill({"X": "{{env.LINES}}"}, ENVIRONMENT) == {"X": "aX-Evil: 1"}


def test_inserted_texts_are_not_templates() -> None:
    value: Value = ["Bearer ", {"env": "TOKEN"}, " for {{env.OTHER}}\r\nX-Evil: 1"]
    assert fill({"X": value}, ENVIRONMENT) == {"X": "Bearer t0k for {{env.OTHER}}X-Evil: 1"}
    assert to_text(value) == "Bearer {{env.TOKEN}} for {{env.OTHER}}\r\nX-Evil: 1"


def test_secrets_in_responses_are_masked() -> None:
    values: list[Value] = ["{{env.KEY}}", [{"env": "KEY"}, " x"]]
    for value in values:
        assert conceal("you sent s3cr3t!", {"X": value}, {"KEY": "s3cr3t!"}) == "you sent {{env.KEY}}"
