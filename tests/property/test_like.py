"""LIKE in process agrees with PostgreSQL for every accepted pattern."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.embedded.stack import Stack
from libs.shared.like import Like
from libs.shared.permissions.comparisons import check_pattern
from libs.shared.schema import BadValue

LETTERS = "aab\né😀"
PATTERNS = st.text(LETTERS + "%%__\\", max_size=14)
ASKED = """
SELECT text LIKE pattern FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS t (text, pattern, n) ORDER BY n
"""
TEXTS = st.text(LETTERS + "%_\\", max_size=24)


@pytest.fixture(scope="module")
async def database(stack: Stack) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(stack.database_url)
    yield connection
    await connection.close()


@given(st.lists(st.tuples(TEXTS, PATTERNS), min_size=20, max_size=100))
@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.data_too_large, HealthCheck.too_slow],
)
async def test_like_agrees_with_postgresql(database: asyncpg.Connection, pairs: list[tuple[str, str]]) -> None:
    fit = [(text, pattern) for text, pattern in pairs if _is_pattern(pattern)]
    rows = await database.fetch(ASKED, [text for text, _ in fit], [pattern for _, pattern in fit])
    assert [Like(pattern).matches(text) for text, pattern in fit] == [row[0] for row in rows]


def _is_pattern(text: str) -> bool:
    try:
        check_pattern(text)
    except BadValue:
        return False
    return True
