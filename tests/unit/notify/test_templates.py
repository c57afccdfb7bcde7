"""Placeholders in plain text."""

from __future__ import annotations

from typing import Any

import pytest

from services.notify.templates import MAX_BODY_CHARACTERS, MAX_SUBJECT_CHARACTERS, look_up, render, render_subject

ENVIRONMENT: dict[str, Any] = {
    "record": {"title": "<b>Zoë</b>", "n": 3, "price": 1.5, "open": True, "none": None, "tags": ["x", "y"]},
    "old": None,
    "user": {"email": "ann@example.com"},
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("no placeholder", "no placeholder"),
        ("{{ record.title }}", "<b>Zoë</b>"),
        ("{{record.n}} {{record.price}} {{record.open}}", "3 1.5 true"),
        ("[{{ record.none }}{{ record.missing.deeper }}{{ old.title }}{{ nothing }}]", "[]"),
        ("{{ record.tags }} {{ record.tags.1 }}{{ record.tags.9 }}", '["x","y"] y'),
        ("{{ record.title | upper }} {{ 1 + 1 }} {{}}", "{{ record.title | upper }} {{ 1 + 1 }} {{}}"),
        ("{{ record.title.__class__ }}", ""),
    ],
)
def test_placeholders_are_paths_and_nothing_else(template: str, text: str) -> None:
    assert render(template, ENVIRONMENT) == text


def test_values_are_not_templates() -> None:
    assert render("{{ a }}", {"a": "{{ b }}", "b": "secret"}) == "{{ b }}"


def test_the_size_of_a_text_is_bounded() -> None:
    assert len(render("{{ a }}" * 100, {"a": "x" * 100_000})) == MAX_BODY_CHARACTERS


def test_a_subject_is_one_line() -> None:
    environment = {"title": "Hi\r\nBcc: eve@example.com\n\nbody\u2028x"}
    assert render_subject("Re: {{ title }}\r\n", environment) == "Re: Hi Bcc: eve@example.com body x"
    assert len(render_subject("x" * 10_000, {})) == MAX_SUBJECT_CHARACTERS


def test_a_path_leads_through_objects_and_lists() -> None:
    assert look_up(ENVIRONMENT, "record.tags.0") == "x"
    assert look_up(ENVIRONMENT, "record.tags.-1") is None
    assert look_up(ENVIRONMENT, "record.title.x") is None
