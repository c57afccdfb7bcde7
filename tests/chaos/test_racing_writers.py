"""Racing writers while services are killed: every acknowledged commit is published once, in order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.app_database import app_row, sibling
from tests.support.client import Client, entity, integer, text
from tests.support.stacks import calling, running
from tests.support.streams import published

WRITERS = 32
COMMITS = int(os.environ.get("CHAOS_COMMITS", "150"))
"""Of each writer; `make chaos` takes more."""
RECORDS = 50
REPLICAS = {"data": 2, "nats": 1}


@pytest.fixture
async def chaotic(tmp_path: Path) -> AsyncIterator[Stack]:
    async with running(tmp_path, replicas={"data": REPLICAS["data"]}, variables={"ROCKET_LOG_LEVEL": "error"}) as stack:
        yield stack


async def test_every_acknowledged_commit_is_published_once_and_in_order(chaotic: Stack) -> None:
    async with calling(chaotic) as anonymous:
        admin = await anonymous.new_app()
        other = await anonymous.new_app()
        await admin.define(entity("item", text("writer"), integer("number")))
        records = [(await admin.post("/item", {"number": 0})).expect(201).data["id"] for _ in range(RECORDS)]
        async with _long_transaction(chaotic, other), _rolled_back_numbers(chaotic, admin):
            acknowledged = await _race(chaotic, admin, records)
            log = await _log(chaotic, admin)
            assert acknowledged <= {entry["position"] for entry in log}
            # Still inside the other app's long transaction, which must delay none of this.
            events = await published(chaotic, (await app_row(chaotic, admin))["id"], len(log), within=60)
        assert [(e["position"], e["n"]) for e in events] == [(e["position"], e["n"]) for e in log]
        _assert_versions_in_order(events)
        await _assert_audited_once(admin, log)
        await _assert_tables_are_the_folded_log(admin, events)


async def _race(stack: Stack, admin: Client, records: list[str]) -> set[int]:
    """All writers, and the chaos beside them; answers the positions that were acknowledged."""
    chaos = asyncio.create_task(_chaos(stack))
    sets = await asyncio.gather(*(_write(admin, records, number) for number in range(WRITERS)))
    await chaos
    acknowledged = [position for positions in sets for position in positions]
    assert len(acknowledged) == len(set(acknowledged)) == WRITERS * COMMITS
    return set(acknowledged)


async def _write(admin: Client, records: list[str], writer: int) -> list[int]:
    """COMMITS acknowledged updates; one that failed may or may not have happened, and is not counted."""
    dice = random.Random(writer)
    positions: list[int] = []
    while len(positions) < COMMITS:
        change = {"writer": f"w{writer}", "number": len(positions)}
        try:
            reply = await admin.put(f"/item/{dice.choice(records)}", change)
        except (aiohttp.ClientError, TimeoutError):
            continue
        if reply.status == 200:
            positions.append(int(reply.headers["X-Commit"]))
        else:
            assert reply.status in (503, 504), reply.body
            await asyncio.sleep(0.02)  # as a polite client backs off
    return positions


async def _chaos(stack: Stack) -> None:
    """Three kills of a data service and two restarts of NATS, spread over the race."""
    for name, replica in (("data", 0), ("nats", 0), ("data", 1), ("nats", 0), ("data", 0)):
        await asyncio.sleep(1.5)
        # What was killed before has to be there again, which takes a slow machine longer.
        await eventually(lambda: len(stack.pids(name)) == REPLICAS[name], within=60)  # noqa: B023
        await stack.kill(name, replica)


@contextlib.asynccontextmanager
async def _long_transaction(stack: Stack, other: Client) -> AsyncIterator[None]:
    """A write transaction in another app's database, open all the while."""
    connection = await asyncpg.connect(await _database(stack, other))
    try:
        async with connection.transaction():
            await connection.execute("INSERT INTO data.effects (effect_key) VALUES ('long')")
            yield
    finally:
        await connection.close()


@contextlib.asynccontextmanager
async def _rolled_back_numbers(stack: Stack, admin: Client) -> AsyncIterator[None]:
    """Transactions that take a position, dawdle and roll back: gaps that the relay must get over."""
    connection = await asyncpg.connect(await _database(stack, admin))

    async def dawdle() -> None:
        while True:
            transaction = connection.transaction()
            await transaction.start()
            await connection.execute(
                "INSERT INTO data.commits (position, n, commit_id, entity, record_id, version, action, context, "
                "trace_id, schema_version, at) SELECT nextval('data.position'), 1, gen_random_uuid(), 0, 'none', 1, "
                "'create', '{}', gen_random_uuid(), 1, now()"
            )
            await asyncio.sleep(0.05)
            await transaction.rollback()

    task = asyncio.create_task(dawdle())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        connection.terminate()


async def _log(stack: Stack, admin: Client) -> list[Any]:
    connection = await asyncpg.connect(await _database(stack, admin))
    try:
        return list(await connection.fetch("SELECT position, n FROM data.commits ORDER BY position, n"))
    finally:
        await connection.close()


def _assert_versions_in_order(events: list[dict[str, Any]]) -> None:
    versions: dict[str, list[int]] = defaultdict(list)
    for event in events:
        versions[event["record_id"]].append(event["version"])
    assert len(versions) == RECORDS
    for found in versions.values():
        assert found == list(range(1, len(found) + 1))


async def _assert_audited_once(admin: Client, log: list[Any]) -> None:
    async def audited() -> bool:
        reply = await admin.get("/_admin/audit-logs?source=data&per_page=1")
        return bool(reply.meta["total"] >= len(log))

    await eventually(audited, within=180, every=0.5)
    pages = range(1, len(log) // 100 + 2)
    replies = [
        await admin.get(f"/_admin/audit-logs?source=data&per_page=100&page={page}&sort=timestamp") for page in pages
    ]
    positions = sorted((row["position"], row["n"]) for reply in replies for row in reply.data)
    assert positions == [(entry["position"], entry["n"]) for entry in log]


async def _assert_tables_are_the_folded_log(admin: Client, events: list[dict[str, Any]]) -> None:
    folded: dict[str, Any] = {}
    for event in events:
        assert event["before"] == folded.get(event["record_id"])
        folded[event["record_id"]] = event["after"]
    stored = (await admin.get("/item?per_page=100")).data
    assert {row["id"]: row for row in stored} == folded


async def _database(stack: Stack, admin: Client) -> str:
    return sibling(stack.database_url, (await app_row(stack, admin))["database"])
