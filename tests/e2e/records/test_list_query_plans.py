"""Sorted pages of large tables use an index in both directions, by the planner's own plan."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import orjson
import pytest

from deploy.embedded.stack import Stack
from libs.shared.contracts.context import SYSTEM
from services.data.query.lists import list_sql
from services.data.query.parameters import parse_list
from services.data.query.scope import Scope
from tests.support.app_database import app_connection
from tests.support.client import Client, entity, integer, text
from tests.support.schemas import model_of

FIELDS = (text("category"), integer("rank", indexed=True), text("code", unique=True), integer("plain"))
FILL = """
INSERT INTO records.things (id, category, rank, code, plain, _version)
SELECT gen_random_uuid(), 'c' || n % 20, nullif(n * 7919 % 10007, 0), 'x' || n, n, 1 FROM generate_series(1, 20000) n
"""


@pytest.fixture(scope="module")
async def filled(stack: Stack, common_admin: Client) -> AsyncIterator[asyncpg.Connection[Any]]:
    """The database of an app with twenty thousand things."""
    await common_admin.define(entity("thing", *FIELDS))
    async with app_connection(stack, common_admin) as connection:
        await connection.execute(FILL)
        await connection.execute("ANALYZE records.things")
        yield connection


async def plan(connection: asyncpg.Connection[Any], **query: str) -> list[tuple[str, str, str]]:
    """The steps that answer a list: what each does, with which index, in which direction."""
    model = model_of(*FIELDS)
    scope = Scope(model, SYSTEM)
    pairs = [(f"filter[{name}]" if name == "category" else name, value) for name, value in query.items()]
    listing = parse_list(scope, model.entity("thing"), [*pairs, ("count", "none")]).listing
    sql = list_sql(model, model.entity("thing"), listing)
    found = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {sql}", *scope.values)
    return _steps(orjson.loads(found)[0]["Plan"])


def _steps(node: dict[str, Any]) -> list[tuple[str, str, str]]:
    """How the table is read, and what is sorted on the way from there."""
    below = [step for part in node.get("Plans", []) for step in _steps(part)]
    if node.get("Relation Name") == "things" or (below and "Sort" in node["Node Type"]):
        return [(node["Node Type"], node.get("Index Name", ""), node.get("Scan Direction", "")), *below]
    return below


@pytest.mark.parametrize("further", [{}, {"cursor": ""}, {"page": "3"}], ids=["first page", "cursor", "third page"])
@pytest.mark.parametrize(("field", "index"), [("rank", "_o_1_3"), ("code", "_u_1_4")])
async def test_a_sort_by_an_indexed_field_follows_its_index_both_ways(
    filled: asyncpg.Connection[Any], field: str, index: str, further: dict[str, str]
) -> None:
    up = await plan(filled, sort=field, **further)
    down = await plan(filled, sort=f"-{field}", **further)
    # Equal values are put into the order of their keys: that is the incremental sort.
    assert up == [("Incremental Sort", "", ""), ("Index Scan", index, "Forward")]
    assert down == [("Incremental Sort", "", ""), ("Index Scan", index, "Backward")]


@pytest.mark.parametrize("further", [{}, {"cursor": ""}, {"page": "3"}], ids=["first page", "cursor", "third page"])
async def test_a_sort_by_the_key_follows_its_index_and_sorts_nothing(
    filled: asyncpg.Connection[Any], further: dict[str, str]
) -> None:
    assert await plan(filled, sort="id", **further) == [("Index Scan", "_p_1", "Forward")]
    assert await plan(filled, sort="-id", **further) == [("Index Scan", "_p_1", "Backward")]
    assert await plan(filled, **further) == [("Index Scan", "_p_1", "Forward")]


async def test_a_sort_by_an_unindexed_field_scans_the_table(filled: asyncpg.Connection[Any]) -> None:
    assert await plan(filled, sort="plain") == [("Sort", "", ""), ("Seq Scan", "", "")]


async def test_an_index_over_filter_and_sort_saves_the_sort(filled: asyncpg.Connection[Any]) -> None:
    attempt = filled.transaction()
    await attempt.start()
    try:
        await filled.execute("CREATE INDEX both_of_them ON records.things (category, rank DESC NULLS LAST, id)")
        assert await plan(filled, category="c7", sort="-rank") == [("Index Scan", "both_of_them", "Forward")]
    finally:
        await attempt.rollback()
