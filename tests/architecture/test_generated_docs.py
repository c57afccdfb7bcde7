"""The generated tables of the documentation are current."""

from __future__ import annotations

import pytest

from docs.tables import decisions, definitions
from docs.tables.pages import PAGES, ROOT


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page not in ("reference/api/routes.md", "reference/settings.md")]
)
def test_the_tables_of_a_page_are_current(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert PAGES[page](text) == text, "run `make docs`"


def test_every_kind_of_definition_has_its_table() -> None:
    texts = (page.read_text("utf-8") for page in definitions.PAGES.glob("*.md"))
    shown = {found for text in texts for found in definitions.TABLE.findall(text)}
    kinds = {name for name in definitions.models() if name.endswith("Definition") or name == "NotificationRule"}
    assert kinds <= shown


def test_every_decision_has_its_sections() -> None:
    incomplete = [
        file.name
        for file in decisions.FOLDER.glob(decisions.FILES)
        if any(f"\n## {section}\n" not in file.read_text("utf-8") for section in ("Context", "Decision", "Price"))
    ]
    assert not incomplete
