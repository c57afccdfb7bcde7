"""Requests that share a message are answered independently."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest

from deploy.embedded.stack import Stack
from libs.shared.bus.nats.batching import decode_batch, is_batch
from libs.shared.bus.nats.connection import Connection, connect
from libs.shared.bus.nats.protocol import Message

BLOCK = b"NATS/1.0\r\nwho: %d\r\n\r\n"
WITHIN = 5.0


@pytest.fixture
async def gateway(stack: Stack) -> AsyncIterator[Connection]:
    async with connect(stack.nats_url_of("gateway"), "rocket-gateway") as connection:
        await connection.established()
        yield connection


@pytest.fixture
async def data(stack: Stack) -> AsyncIterator[Connection]:
    async with connect(stack.nats_url_of("data"), "rocket-data") as connection:
        await connection.established()
        yield connection


async def test_concurrent_requests_share_messages_and_get_their_own_responses(
    gateway: Connection, data: Connection
) -> None:
    arrived: list[int] = []

    def hear(message: Message) -> None:
        parts = decode_batch(message) if is_batch(message) else [message]
        arrived.append(len(parts))
        for part in parts:
            # Every third answer comes a turn later, so in another batch.
            later = int(part.data) % 3 == 0
            answer = b"%b for %b" % (part.data, (part.header("who") or "").encode())
            loop = asyncio.get_running_loop()
            (loop.call_later if later else lambda _, *call: call[0](*call[1:]))(0.01, data.respond, part, answer)

    data.subscribe("rocket.data.test-batches", hear)
    await data.flush()
    requests = [gateway.request_batched("rocket.data.test-batches", b"%d" % n, WITHIN, BLOCK % n) for n in range(200)]
    responses = await asyncio.gather(*requests)
    assert [answer.data for answer in responses] == [b"%d for %d" % (n, n) for n in range(200)]
    assert sum(arrived) == 200
    assert len(arrived) < 20


async def test_every_request_of_a_batch_learns_that_nobody_listens(gateway: Connection) -> None:
    requests = [gateway.request_batched("rocket.data.nobody-here", b"", WITHIN, BLOCK % n) for n in range(10)]
    outcomes = await asyncio.gather(*requests, return_exceptions=True)
    assert {type(outcome).__name__ for outcome in outcomes} == {"NoRespondersError"}


async def test_an_unanswered_request_does_not_delay_the_others(gateway: Connection, data: Connection) -> None:
    def hear(message: Message) -> None:
        for part in decode_batch(message):
            if part.data != b"3":
                data.respond(part, part.data)

    def request(number: int, within: float = WITHIN) -> Coroutine[Any, Any, Message]:
        return gateway.request_batched("rocket.data.test-silence", b"%d" % number, within, BLOCK % number)

    data.subscribe("rocket.data.test-silence", hear)
    await data.flush()
    silent, *others = [asyncio.create_task(request(n)) for n in (3, 0, 1, 2, 4, 5)]
    assert [answer.data for answer in await asyncio.gather(*others)] == [b"0", b"1", b"2", b"4", b"5"]
    assert not silent.done()
    silent.cancel()
    # However slow the machine is: only who is not answered has little time.
    outcomes = await asyncio.gather(*(request(n, 0.3 if n == 3 else WITHIN) for n in range(6)), return_exceptions=True)
    assert [outcome.data for outcome in outcomes if isinstance(outcome, Message)] == [b"0", b"1", b"2", b"4", b"5"]
    assert type(outcomes[3]).__name__ == "TimeoutError"
