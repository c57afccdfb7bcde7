"""A consumer of thirty lines (tests/support/activity.py) on the real bus: once, in order, retried, dead letters."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from string import Template
from typing import Any

import orjson
import pytest

from deploy.embedded.stack import Stack
from libs.shared.bus.apps import Apps
from libs.shared.bus.consumers.consumer import Consumer, Plan
from libs.shared.bus.consumers.subscription import Subscription
from libs.shared.bus.nats.connection import connect
from libs.shared.bus.nats.jetstream import JetStream
from libs.shared.bus.outbox.transactions import Transaction, Transactions
from libs.shared.bus.rpc.client import RpcClient
from libs.shared.bus.rpc.nats_transport import NatsTransport
from libs.shared.bus.rpc.server import RpcServer
from libs.shared.bus.rpc.signed_contexts import ContextVerifier
from libs.shared.bus.timers.leases import Leases
from libs.shared.contracts.context import AppRef, system_context
from libs.shared.contracts.operations import ListDeadLetters, ReplayDeadLetter, of
from libs.shared.contracts.streams import CommitEvent
from libs.shared.errors import unavailable
from libs.shared.postgres.databases import Databases
from libs.shared.runtime import Core, Service, Settings, dead_letters
from libs.shared.snapshots.cache import Schemas
from libs.shared.testing.polling import eventually
from tests.support import activity
from tests.support.app_database import app_connection, app_row, sibling
from tests.support.client import Client, entity, text
from tests.support.stacks import calling, running

BUS = Path("libs/shared/bus/sql/app/0001_bus.sql").read_text()
TABLES = "CREATE TABLE activity.entries (id bigserial PRIMARY KEY, record_key text, version int, action text)"
KEY = {"field": "key", "type": "string", "generated": False}
TICKET = entity("ticket", text("title"), primary_key=KEY) | {"fields": [text("key"), text("title")]}

Entry = tuple[str, int, str]


@pytest.fixture(scope="module")
async def own_stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    async with running(tmp_path_factory.mktemp("consumers")) as stack:
        yield stack


@pytest.fixture
async def system(own_stack: Stack) -> AsyncIterator[tuple[Stack, Client]]:
    """The admin of an app whose database has the tables of the service `activity`; no other app has them."""
    async with calling(own_stack) as anonymous:
        admin = await anonymous.new_app()
        async with app_connection(own_stack, admin) as connection:
            await connection.execute("CREATE SCHEMA activity")
            await connection.execute(Template(BUS).substitute(schema="activity") + TABLES)
        await admin.define(TICKET)
        yield own_stack, admin


@contextlib.asynccontextmanager
async def consuming(
    stack: Stack, admin: Client, consumer: Consumer[None] = activity.CONSUMER
) -> AsyncIterator[dict[Any, Any]]:
    """The consumer at work for one app, with the endpoints of its dead letters."""
    row = await app_row(stack, admin)
    name = f"activity_{row['database']}"
    consumer = replace(consumer, name=name, plan=_only(row["id"], consumer))
    databases = Databases(sibling(stack.database_url, "rocket"), 8)
    async with connect(stack.nats_url_of("events"), "rocket-events") as connection:
        await connection.established()
        transport = NatsTransport(connection)
        transport.open()
        rpc, server = RpcClient(transport), RpcServer(transport, ContextVerifier(databases.platform))
        apps, stream, leases = Apps(rpc), JetStream(connection), Leases(databases, name, f"{name}/test")
        transactions, settings = Transactions(databases), Settings(database_url="")
        core = Core(
            "activity", settings, connection, rpc, transport, server, stream, databases, leases, apps, Schemas(rpc)
        )
        work = Subscription("activity", consumer, None, transactions, stream, databases, leases, apps, rpc)
        tasks = [asyncio.create_task(leases.keep()), asyncio.create_task(work.run())]
        try:
            service: Service[None] = Service("activity", contextlib.nullcontext, {}, (consumer,))  # type: ignore[arg-type]
            yield dead_letters.endpoints(service, core, None, transactions)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await databases.close()


def _only(app_id: str, consumer: Consumer[None]) -> Any:
    """The plan of a consumer, for one app."""

    async def plan(state: None, app: AppRef, events: Sequence[CommitEvent]) -> Plan:
        return await consumer.plan(state, app, events) if app.id == app_id else Plan([None for _ in events])

    return plan


async def entries(stack: Stack, admin: Client) -> list[Entry]:
    async with app_connection(stack, admin) as connection:
        rows = await connection.fetch("SELECT record_key, version, action FROM activity.entries ORDER BY id")
        return [tuple(row) for row in rows]


async def write(admin: Client, key: str, versions: int) -> list[Entry]:
    """Create a record and update it; answers the entries that belong to that."""
    (await admin.post("/ticket", {"key": key, "title": "1"})).expect(201)
    for version in range(2, versions + 1):
        (await admin.put(f"/ticket/{key}", {"title": str(version)})).expect(200)
    actions = ["create", *["update"] * (versions - 1)]
    return [(f"ticket/{key}", version, action) for version, action in enumerate(actions, 1)]


def of_record(found: Sequence[Entry], key: str) -> list[Entry]:
    return [entry for entry in found if entry[0] == f"ticket/{key}"]


async def test_each_commit_is_handled_once_in_the_order_of_its_record(system: tuple[Stack, Client]) -> None:
    stack, admin = system
    keys = [f"k{n}" for n in range(6)]
    first = {key: await write(admin, key, 3) for key in keys}
    async with consuming(stack, admin):
        await eventually(lambda: _has(stack, admin, 18), within=20)
    (await admin.delete("/ticket/k0")).expect(200)
    last = await write(admin, "last", 1)
    # Started anew, it continues; what is delivered again has no second effect.
    async with consuming(stack, admin):
        await eventually(lambda: _has(stack, admin, 19), within=20)
    found = await entries(stack, admin)
    assert {key: of_record(found, key) for key in keys} == first
    assert of_record(found, "last") == last


async def test_a_failing_dependency_holds_events_up_and_loses_none(system: tuple[Stack, Client]) -> None:
    stack, admin = system
    failures = 3

    async def plan(state: None, app: AppRef, events: Sequence[CommitEvent]) -> Plan:
        nonlocal failures
        if failures:
            failures -= 1
            raise unavailable("a dependency")
        return await activity.plan(state, app, events)

    expected = await write(admin, "a", 4)
    async with consuming(stack, admin, replace(activity.CONSUMER, plan=plan)) as endpoints:
        await eventually(lambda: _has(stack, admin, 4), within=20)
        assert await _letters(endpoints, stack, admin) == []
    assert (failures, await entries(stack, admin)) == (0, expected)


async def test_a_failing_event_becomes_a_dead_letter_with_its_record_behind_it(system: tuple[Stack, Client]) -> None:
    stack, admin = system
    attempts, is_broken = 0, True

    async def apply(state: None, transaction: Transaction, reactions: Sequence[Entry]) -> None:
        nonlocal attempts
        if is_broken and ("ticket/a", 1, "create") in reactions:
            attempts += len(reactions) == 1
            raise ValueError("it can't be handled")
        await activity.apply(state, transaction, reactions)

    failing, other = await write(admin, "a", 3), await write(admin, "b", 2)
    async with consuming(stack, admin, replace(activity.CONSUMER, apply=apply)) as endpoints:
        await eventually(lambda: _has(stack, admin, 2), within=20)
        letters = await eventually(lambda: _letters_of(endpoints, stack, admin, 3), within=20)
        assert await entries(stack, admin) == other
        assert [letter["error"] for letter in letters][:2] == ["waits behind", "waits behind"]
        assert (letters[2]["error"], attempts) == ("ValueError: it can't be handled", 5)
        is_broken = False
        kind: Any = of("activity", ReplayDeadLetter)
        answer = await endpoints[kind](await _context(stack, admin), kind(str(letters[2]["id"])))
        assert orjson.loads(answer.body)["data"]["replayed"] == 3
        assert await _letters(endpoints, stack, admin) == []
    assert of_record(await entries(stack, admin), "a") == failing


async def _has(stack: Stack, admin: Client, count: int) -> bool:
    return len(await entries(stack, admin)) >= count


async def _letters_of(endpoints: dict[Any, Any], stack: Stack, admin: Client, count: int) -> Any:
    found = await _letters(endpoints, stack, admin)
    return len(found) == count and found


async def _letters(endpoints: dict[Any, Any], stack: Stack, admin: Client) -> list[Any]:
    """The dead letters of the app, newest first."""
    kind = of("activity", ListDeadLetters)
    answer = await endpoints[kind](await _context(stack, admin), kind())
    found: list[Any] = orjson.loads(answer.body)["data"]
    return found


async def _context(stack: Stack, admin: Client) -> Any:
    row = await app_row(stack, admin)
    return system_context(10, AppRef(row["id"], admin.prefix.removeprefix("/api/"), row["database"]))
