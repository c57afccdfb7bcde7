"""Sorted pages of large tables use an index in both directions, by the planner's own plan."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest

from deploy.embedded.stack import Stack
from libs.shared.contracts.context import SYSTEM
from services.data.query.cursors import fingerprint_of, write_cursor
from services.data.query.lists import list_sql
from services.data.query.parameters import parse_list
from services.data.query.scope import Scope
from tests.support.app_database import app_connection
from tests.support.client import Client, entity, integer, text
from tests.support.schemas import model_of

FIELDS = (text("category"), integer("rank", indexed=True), text("code", unique=True), integer("plain"))
MODEL = model_of(*FIELDS)
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


def statement(**query: str) -> tuple[str, list[Any]]:
    """The statement that answers a list, and its values."""
    scope = Scope(MODEL, SYSTEM)
    pairs = [(f"filter[{name}]" if name == "category" else name, value) for name, value in query.items()]
    listing = parse_list(scope, MODEL.entity("thing"), [*pairs, ("count", "none")]).listing
    return list_sql(MODEL, MODEL.entity("thing"), listing), scope.values


async def plan(connection: asyncpg.Connection[Any], **query: str) -> list[tuple[str, str, str]]:
    """The steps that answer a list: what each does, with which index, in which direction."""
    sql, values = statement(**query)
    found = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {sql}", *values)
    return _steps(orjson.loads(found)[0]["Plan"])


def _nodes(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [node, *(each for part in node.get("Plans", []) for each in _nodes(part))]


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


async def test_a_page_before_a_place_starts_at_the_place(filled: asyncpg.Connection[Any]) -> None:
    cursor = write_cursor(fingerprint_of(MODEL.entity("thing"), (("rank", False),), []), ["7000", str(UUID(int=1))])
    sql, values = statement(sort="rank", cursor=cursor, direction="backward", per_page="10")
    found = orjson.loads(await filled.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *values))[0]["Plan"]
    near, nulls = (step for step in _nodes(found) if step.get("Relation Name") == "things")
    assert (near["Index Name"], near["Scan Direction"]) == ("_o_1_3", "Backward")
    assert "<= 7000" in near["Index Cond"] and near["Actual Rows"] < 50, "the rows that follow are not read"
    assert nulls["Actual Loops"] == 0, "enough rows have values"


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
