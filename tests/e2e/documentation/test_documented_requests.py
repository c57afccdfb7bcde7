"""Every request that the documentation shows is sent; each page has its own app."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.checkout import ROOT
from tests.support.client import Client
from tests.support.documents import Reader, holds, requests_of

DOCS = ROOT / "docs"
PAGES = sorted(
    page
    for page in DOCS.rglob("*.md")
    if "```http" in page.read_text(encoding="utf-8") and page.parent.name != "contributing"
)
"""The guides for contributors need a changed system: test_contributor_guides.py."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
async def test_the_requests_of_a_page_are_answered_as_documented(admin: Client, page: Path) -> None:
    assert await Reader(admin).follow(page)


def test_every_kind_of_definition_has_a_page_with_requests() -> None:
    named = {page.stem for page in PAGES if page.parent.name == "definitions"}
    assert named >= {
        "entities", "relations", "rules", "expressions", "state-machines", "workflows", "permissions", "webhooks",
        "notification-rules",
    }  # fmt: skip


def test_a_response_that_differs_from_the_page_is_detected() -> None:
    (request,) = requests_of('```http\nGET /ticket → 200\n```\n```json answer\n{"data": [{"status": "open"}]}\n```\n')
    assert (request.method, request.path, request.status) == ("GET", "/ticket", 200)
    assert holds({"data": [{"status": "open", "id": 1}], "meta": {}}, request.answer)
    assert not holds({"data": [{"status": "done"}]}, request.answer)
    assert not holds({"data": []}, request.answer)
