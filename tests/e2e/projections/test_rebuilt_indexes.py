"""A rebuilt table keeps the indexes of its predecessor."""

from __future__ import annotations

import asyncio

from deploy.embedded.stack import Stack
from tests.support.app_database import app_row, executed, indexes
from tests.support.client import Client, entity, text
from tests.support.locks import holding
from tests.support.replays import finished, verified


async def test_an_index_created_during_a_rebuild_is_kept(stack: Stack, admin: Client) -> None:
    await admin.define(entity("page", text("title", unique=True), text("code", indexed=True), text("free")))
    (await admin.post("/page/_bulk", [{"title": f"t{n}", "code": "c"} for n in range(20)])).expect(201)
    before = await indexes(stack, admin, "pages")
    database = (await app_row(stack, admin))["database"]
    # The switch waits for readers, and the new table is indexed by then.
    async with holding(stack, database, "LOCK TABLE records.pages IN ACCESS SHARE MODE") as held_up:
        rebuilding = asyncio.create_task(finished(admin, "records", "rebuild"))
        await held_up()
        await executed(stack, admin, "CREATE INDEX _o_9999_1 ON records.pages (free NULLS FIRST)")
        after = await indexes(stack, admin, "pages")
    await rebuilding
    assert len(after) == len(before) + 1
    assert await indexes(stack, admin, "pages") == after
    (await admin.post("/page", {"title": "t1"})).expect(409)
    await verified(admin, "records")
