"""The guides for contributors fit the code: their changes are applied to a copy of the source, which then runs."""

from __future__ import annotations

from pathlib import Path

import aiohttp

from tests.support.checkout import ROOT
from tests.support.client import Client
from tests.support.documents import Reader
from tests.support.overlay import changes_of, copied, running_copy

GUIDES = ROOT / "docs/guides/contributing"
PAGES = [
    GUIDES / f"{name}.md"
    for name in ("add-a-consumer", "add-an-endpoint", "add-a-span", "add-a-setting", "add-a-kind", "add-a-service")
]
"""In the order in which they build on one another."""
MAX_CHANGED_FILES = 3


async def test_a_system_with_the_changes_of_all_guides_answers_their_requests(tmp_path: Path) -> None:
    source = copied(tmp_path, [change for page in PAGES for change in changes_of(page)])
    async with running_copy(source, tmp_path) as url, aiohttp.ClientSession() as session:
        reader = Reader(await Client(session, url).new_app())
        for page in PAGES:
            assert await reader.follow(page), page.name


def test_every_guide_is_tested() -> None:
    assert {page.name for page in GUIDES.glob("*.md")} == {"README.md", *(page.name for page in PAGES)}


def test_adding_something_touches_few_files_besides_its_own() -> None:
    own = {change.path for page in PAGES for change in changes_of(page) if not change.is_diff}
    for page in PAGES:
        touched = {change.path for change in changes_of(page) if change.is_diff} - own
        assert len(touched) <= MAX_CHANGED_FILES or page.stem == "add-a-service", f"{page.name}: {sorted(touched)}"
