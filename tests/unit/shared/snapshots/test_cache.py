"""What is remembered of a schema is not older than what was announced, or asked for, before it was loaded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from libs.shared.bus.nats.connection import Connection
from libs.shared.bus.rpc.client import RpcClient
from libs.shared.contracts.context import AppRef, Context
from libs.shared.contracts.schemas import GetSchema, SchemaChanged, SchemaSnapshot
from libs.shared.errors import RocketError
from libs.shared.snapshots.cache import Schemas
from libs.shared.snapshots.compiled import Compiled
from libs.shared.testing.polling import eventually

APP = AppRef("a", "app", "app_a")


class Metadata:
    """A metadata service whose answers come when the test gives them; and the connection it announces by."""

    def __init__(self) -> None:
        self.asked: list[asyncio.Future[int]] = []
        self.announce: Callable[[SchemaChanged], None]

    async def request(self, request: GetSchema, context: Context) -> SchemaSnapshot:
        self.asked.append(asyncio.get_running_loop().create_future())
        return SchemaSnapshot(await self.asked[-1], {"entities": [], "relations": [], "kinds": {}})

    def on_announcement(self, kind: type[Any], heard: Callable[[Any], None]) -> None:
        self.announce = heard


@pytest.fixture
def metadata() -> Metadata:
    return Metadata()


@pytest.fixture
def schemas(metadata: Metadata) -> Schemas:
    found = Schemas(cast(RpcClient, metadata))
    found.listen(cast(Connection, metadata))
    return found


async def begun(schemas: Schemas, metadata: Metadata, number: int, at_least: int = 0) -> asyncio.Task[int]:
    """A reader, once so many loads have begun."""

    async def version() -> int:
        return (await schemas.get(APP, at_least)).version

    reader = asyncio.create_task(version())
    await eventually(lambda: len(metadata.asked) == number, within=2.0)
    return reader


async def test_a_load_is_shared_and_cached(schemas: Schemas, metadata: Metadata) -> None:
    readers = [await begun(schemas, metadata, 1) for _ in range(3)]
    metadata.asked[0].set_result(5)
    assert [await reader for reader in readers] == [5, 5, 5]
    metadata.announce(SchemaChanged(app_id=APP.id, version=5))
    assert await (await begun(schemas, metadata, 1)) == 5


async def test_reads_before_an_announcement_are_not_cached(schemas: Schemas, metadata: Metadata) -> None:
    early = await begun(schemas, metadata, 1)
    metadata.announce(SchemaChanged(app_id=APP.id, version=6))
    late = await begun(schemas, metadata, 2)
    metadata.asked[1].set_result(6)
    assert await late == 6
    # The first answer was on its way all the time.
    metadata.asked[0].set_result(5)
    assert await early == 5
    assert await (await begun(schemas, metadata, 2)) == 6


async def test_cached_versions_are_not_replaced_by_older_ones(schemas: Schemas, metadata: Metadata) -> None:
    compiled = Compiled(schemas, lambda snapshot: snapshot.version)
    early = asyncio.create_task(compiled.load(APP))
    await eventually(lambda: len(metadata.asked) == 1)
    metadata.announce(SchemaChanged(app_id=APP.id, version=6))
    late = asyncio.create_task(compiled.load(APP, at_least=6))
    await eventually(lambda: len(metadata.asked) == 2)
    metadata.asked[1].set_result(6)
    assert await late == 6
    metadata.asked[0].set_result(5)
    assert (await early, compiled.of(APP)) == (5, 6)


async def test_loads_overtaken_by_an_announcement_are_not_cached(schemas: Schemas, metadata: Metadata) -> None:
    early = await begun(schemas, metadata, 1)
    metadata.announce(SchemaChanged(app_id=APP.id, version=6))
    metadata.asked[0].set_result(5)
    assert await early == 5
    late = await begun(schemas, metadata, 2)
    metadata.asked[1].set_result(6)
    assert await late == 6


async def test_a_refresh_does_not_join_an_earlier_load(schemas: Schemas, metadata: Metadata) -> None:
    early = await begun(schemas, metadata, 1)
    schemas.forget(APP.id)
    late = await begun(schemas, metadata, 2)
    metadata.asked[0].set_result(5)
    metadata.asked[1].set_result(6)
    assert (await early, await late) == (5, 6)


async def test_failed_and_outdated_loads_are_repeated(schemas: Schemas, metadata: Metadata) -> None:
    reader = await begun(schemas, metadata, 1, at_least=6)
    metadata.asked[0].set_exception(RocketError("SERVICE_UNAVAILABLE", "away"))
    with pytest.raises(RocketError):
        await reader
    again = await begun(schemas, metadata, 2, at_least=6)
    metadata.asked[1].set_result(5)
    await eventually(lambda: len(metadata.asked) == 3)
    metadata.asked[2].set_result(6)
    assert await again == 6
