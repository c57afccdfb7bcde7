"""Pages of listings."""

from __future__ import annotations

import pytest

from libs.shared.paging import Page, page_of


@pytest.mark.parametrize(
    ("query", "page"),
    [
        ({}, Page(1, 25)),
        ({"page": "3", "per_page": "10"}, Page(3, 10)),
        ({"page": "0", "per_page": "-1"}, Page(1, 25)),
        ({"page": "x", "per_page": "1.5"}, Page(1, 25)),
        ({"per_page": "1000"}, Page(1, 100)),
        ({"page": "²"}, Page(1, 25)),
        ({"page": "9" * 18}, Page(1_000_000_000, 25)),
        ({"page": "9" * 30}, Page(1, 25)),
    ],
)
def test_invalid_pages_fall_back(query: dict[str, str], page: Page) -> None:
    assert page_of(query) == page


def test_a_page_knows_where_it_begins() -> None:
    assert (Page(1, 10).offset, Page(3, 10).offset) == (0, 20)
