"""The index builder beside concurrent changes of definitions."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.embedded.stack import Stack
from libs.shared.contracts.context import AppRef
from libs.shared.postgres.databases import Databases
from services.metadata.store import definitions as store
from services.metadata.tables import index_builder as building
from tests.support.app_database import app_row, queried
from tests.support.client import Client, entity, text

INDEXES = """
SELECT indexname FROM pg_indexes WHERE schemaname = 'records' AND starts_with(indexname, '_')
    AND tablename <> '_comments'
"""


async def test_indexes_requested_during_a_build_are_kept(
    stack: Stack, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    await admin.define(entity("page", text("title"), text("code", indexed=True)))
    row = await app_row(stack, admin)
    looked, read = list[Any](), store.list_shapes

    async def read_before_the_change(database: Any) -> Any:
        shapes = await read(database)
        if not looked:
            looked.append(shapes)
            changed = entity("page", text("title", indexed=True), text("code", unique=True))
            (await admin.put("/_admin/entities/page", changed)).expect(200)
        return shapes

    monkeypatch.setattr(store, "list_shapes", read_before_the_change)
    databases = Databases(stack.database_url, 3)
    try:
        database = databases.of(AppRef(row["id"], admin.prefix, row["database"]))
        rounds = 1
        while await building._round(database, set()):
            rounds += 1
    finally:
        await databases.close()
    # What only makes reads quick was dropped by what it had seen before, and is there again.
    assert rounds > 1
    kinds = sorted(name[:3] for (name,) in await queried(stack, row["database"], INDEXES))
    assert kinds == ["_o_", "_p_", "_u_"]
    (await admin.post("/page", {"code": "a"})).expect(201)
    (await admin.post("/page", {"code": "a"})).expect(409)
