"""Fenced publishing on a real server with concurrent publishers."""

from __future__ import annotations

import asyncio
import base64
import uuid
from collections.abc import AsyncIterator, Sequence

import pytest

from libs.shared.bus.nats.connection import connect
from libs.shared.bus.nats.jetstream import JetStream, Outgoing, Overtaken
from libs.shared.bus.outbox.fenced_publisher import FencedPublisher
from libs.shared.contracts.streams import StreamSpec
from tests.support.nats_server import unguarded

MANY = 250


class World:
    """A stream of its own with two publishers, as two replicas would have them."""

    def __init__(self, stream: JetStream, spec: StreamSpec) -> None:
        self.stream = stream
        self.spec = spec
        self.ours, self.twin = FencedPublisher(stream, spec.name), FencedPublisher(stream, spec.name)

    def messages(self, app: str, numbers: Sequence[int]) -> list[Outgoing]:
        return [Outgoing((n, 1), f"{self.spec.name}.{app}.{n % 3}", b"%d" % n, {}) for n in numbers]

    def filter(self, app: str) -> str:
        return f"{self.spec.name}.{app}.>"

    async def stored(self, app: str) -> list[int]:
        """The numbers of an app's messages, in the order of the stream."""
        state = (await self.stream._call(f"STREAM.INFO.{self.spec.name}", None))["state"]
        numbers = []
        for sequence in range(1, state["last_seq"] + 1):
            message = await self.stream._message(self.spec.name, {"seq": sequence})
            assert message is not None
            if message["subject"].split(".")[1] == app:
                numbers.append(int(base64.b64decode(message["data"])))
        return numbers


@pytest.fixture(scope="module")
async def address(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with unguarded(tmp_path_factory.mktemp("nats")) as server:
        yield server


@pytest.fixture
async def world(address: str) -> AsyncIterator[World]:
    name = f"FENCED{uuid.uuid4().hex[:8]}"
    spec = StreamSpec(name, (f"{name}.>",), 0, 0, atomic=True)
    async with connect(address, "rocket-test") as connection:
        await connection.established()
        stream = JetStream(connection)
        await stream.ensure_stream(spec)
        yield World(stream, spec)
        await stream._call(f"STREAM.DELETE.{name}", None)


async def test_messages_are_stored_in_order(world: World) -> None:
    last = await world.ours.publish(world.messages("a", range(MANY)), 0, world.filter("a"))
    await world.ours.publish(world.messages("a", range(MANY, MANY + 3)), last, world.filter("a"))
    assert await world.stored("a") == list(range(MANY + 3))


async def test_a_broken_fence_stores_nothing(world: World) -> None:
    last = await world.ours.publish(world.messages("a", range(3)), 0, world.filter("a"))
    for count in (1, 5, MANY):
        with pytest.raises(Overtaken):
            await world.twin.publish(world.messages("a", range(100, 100 + count)), last - 1, world.filter("a"))
    assert await world.stored("a") == [0, 1, 2]


async def test_concurrent_apps_publish_independently(world: World) -> None:
    async def publish(app: str) -> None:
        last = 0
        for start in range(0, MANY, 25):
            last = await world.ours.publish(world.messages(app, range(start, start + 25)), last, world.filter(app))

    await asyncio.gather(*(publish(app) for app in "abc"))
    for app in "abc":
        assert await world.stored(app) == list(range(MANY))


async def test_two_publishers_of_one_message_store_it_once(world: World) -> None:
    """Two replicas that both believe to lead begin behind the same message; each message is there once, in order."""
    await asyncio.gather(_relayed(world, world.ours), _relayed(world, world.twin))
    assert await world.stored("a") == list(range(MANY))


async def test_a_foreign_message_in_between_loses_none_of_ours(world: World) -> None:
    async def strange() -> None:
        for _ in range(30):
            await world.stream.connection.publish(f"{world.spec.name}.a.9", b"-1")
            await asyncio.sleep(0)

    stranger = asyncio.create_task(strange())
    await _relayed(world, world.ours)
    await stranger
    assert [number for number in await world.stored("a") if number >= 0] == list(range(MANY))


async def _relayed(world: World, publisher: FencedPublisher) -> None:
    """Publish all of app a's messages as a relay does: overtaken, it goes on behind the last message."""
    done, last = 0, 0
    while done < MANY:
        try:
            last = await publisher.publish(world.messages("a", range(done, MANY)), last, world.filter("a"))
            done = MANY
        except Overtaken:
            last, position = await world.stream.last_position(world.spec.name, world.filter("a"))
            done = position[0] + 1 if position[1] else 0
