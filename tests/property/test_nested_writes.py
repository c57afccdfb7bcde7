"""Nested writes change children and pairs as a plain Python model does; the log agrees."""

from __future__ import annotations

import itertools
from typing import Any

import asyncpg
import orjson
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from deploy.embedded.stack import Stack
from tests.property.models.nested_writes import Family, Write, writes
from tests.support.app_database import app_row, sibling
from tests.support.client import Client, entity, integer, text
from tests.support.relations import reference, relation

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
async def owner(client: Client) -> Client:
    admin = await client.new_app()
    await admin.define(entity("parent", integer("name")))
    await admin.define(entity("soft", integer("code", unique=True), reference("parent_id"), soft_delete=True))
    await admin.define(entity("hard", integer("code", unique=True), reference("parent_id")))
    await admin.define(entity("tag", text("label")))
    for name in ("soft", "hard"):
        child = relation(f"{name}s", "one_to_many", "parent", name, target_key="parent_id", on_delete="cascade")
        await admin.define(child, "relations")
    tags = relation("tags", "many_to_many", "parent", "tag", join_table="parent_tags",
                    source_join_key="parent_id", target_join_key="tag_id")  # fmt: skip
    await admin.define(tags, "relations")
    for label in "abc":
        (await admin.post("/tag", {"label": label})).expect(201)
    return admin


@pytest.fixture(scope="module")
async def database(stack: Stack, owner: Client) -> Any:
    connection = await asyncpg.connect(sibling(stack.database_url, (await app_row(stack, owner))["database"]))
    yield connection
    await connection.close()


@given(st.lists(writes(), min_size=8, max_size=16))
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
async def test_nested_writes_agree_with_the_model(
    owner: Client, database: asyncpg.Connection[Any], sequence: list[Write]
) -> None:
    tags = sorted(row["id"] for row in (await owner.get("/tag")).data)
    family = Family(tags, next(_numbers) * 100)
    for _ in range(2):
        family.parents.append((await owner.post("/parent", {"name": 0})).expect(201).data["id"])
    for write in sequence:
        body, after = family.asked(write)
        reply = await owner.put(f"/parent/{family.parents[write.parent]}", body)
        event(f"{write.relation} {write.mode} {reply.status}")
        assert reply.status == (200 if after else family.refusal), (body, reply.body)
        if after:
            family = after
        await _check(owner, family)
    await _check_log(database)


async def _check(owner: Client, family: Family) -> None:
    """What is stored is what the model has; new children get their ids there."""
    for number, parent in enumerate(family.parents):
        stored = (await owner.get(f"/parent/{parent}?include=softs,hards,tags")).expect(200).data
        assert sorted(tag["id"] for tag in stored["tags"]) == sorted(family.pairs[number])
        for name in ("softs", "hards"):
            children = family.children[name]
            mine = sorted(child["code"] for child in children if child["parent"] == number)
            assert sorted(row["code"] for row in stored[name]) == mine
            ids = {row["code"]: row["id"] for row in stored[name]}
            for child in children:
                if child["parent"] == number:
                    assert child["id"] in (None, ids[child["code"]])
                    child["id"] = ids[child["code"]]


async def _check_log(database: asyncpg.Connection[Any]) -> None:
    """The log folded by its own images is the tables, pairs included; no version is missing."""
    counts = await database.fetch(
        "SELECT entity, record_id, array_agg(version ORDER BY position, n) AS versions, "
        "(array_agg(action ORDER BY position DESC, n DESC))[1] AS last, "
        "(array_agg(image::text ORDER BY position DESC, n DESC))[1] AS image FROM data.commits GROUP BY 1, 2"
    )
    live: dict[int, dict[str, Any]] = {}
    for row in counts:
        assert row["versions"] == list(range(1, len(row["versions"]) + 1))
        if row["last"] != "delete":
            live.setdefault(row["entity"], {})[row["record_id"]] = orjson.loads(row["image"])
    for name, columns in TABLES.items():
        number = await database.fetchval("SELECT number FROM metadata.definitions WHERE key = $1", name)
        kind = "WHERE deleted_at IS NULL" if name == "soft" else ""
        rows = await database.fetch(f"SELECT {columns} AS key FROM records.{STORED[name]} {kind}")
        assert {row["key"] for row in rows} == live.get(number, {}).keys()


TABLES = {"parent": "id::text", "soft": "id::text", "hard": "id::text", "tags": "parent_id || ',' || tag_id"}
STORED = {"parent": "parents", "soft": "softs", "hard": "hards", "tags": "parent_tags"}
