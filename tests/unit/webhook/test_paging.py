"""Pages of the delivery log."""

from __future__ import annotations

import pytest

from services.webhook.paging import Page, page_of


@pytest.mark.parametrize(
    ("query", "page"),
    [
        ({}, Page(1, 100)),
        ({"page": "3", "per_page": "10"}, Page(3, 10)),
        ({"page": "0", "per_page": "-1"}, Page(1, 100)),
        ({"page": "x", "per_page": "1.5"}, Page(1, 100)),
        ({"per_page": "1000"}, Page(1, 100)),
        ({"page": "9" * 30}, Page(1, 100)),
    ],
)
def test_what_makes_no_sense_falls_back(query: dict[str, str], page: Page) -> None:
    assert page_of(query) == page


def test_a_page_knows_where_it_begins() -> None:
    assert (Page(1, 10).offset, Page(3, 10).offset) == (0, 20)
