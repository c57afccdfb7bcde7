"""The reference in docs/reference/definitions says what the models of definitions know."""

from __future__ import annotations

import pytest

from docs import generate


@pytest.mark.parametrize("page", sorted(generate.PAGES.glob("*.md")), ids=lambda page: page.stem)
def test_the_tables_of_a_page_are_those_of_the_models(page: object) -> None:
    text = page.read_text(encoding="utf-8")  # type: ignore[attr-defined]
    assert generate.written(text) == text, "run `make docs`"


def test_every_kind_of_definition_has_its_table() -> None:
    shown = {found for page in generate.PAGES.glob("*.md") for found in generate.TABLE.findall(page.read_text("utf-8"))}
    kinds = {name for name in generate.models() if name.endswith("Definition") or name == "NotificationRule"}
    assert kinds <= shown
