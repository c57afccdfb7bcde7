"""Our lane on nats-py's connection: frames are found however the bytes arrive, and leave in order."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.shared.bus.nats.batching import MAX_PARTS, ResponseBatcher
from libs.shared.bus.nats.protocol import Message, parsed, publication, written
from libs.shared.bus.nats.socket import NatsSocket

PAYLOADS = st.sampled_from([b"", b"x", b"MSG a r1 3\r\n", b"\r\n", b"line\r\nPING\r\n", bytes(range(256)) * 9])
HEADERS = st.dictionaries(
    st.sampled_from(["a", "Rocket-Context"]), st.sampled_from(["", "é", '{"x": ":"}']), min_size=1
)


class Socket:
    """What a client writes to."""

    def __init__(self) -> None:
        self.sent = b""

    def set_write_buffer_limits(self, high: int) -> None:
        assert high > 0

    def get_write_buffer_size(self) -> int:
        return 0

    def write(self, payload: bytes) -> None:
        self.sent += payload


def opened() -> tuple[NatsSocket, Socket]:
    client, socket = NatsSocket(), Socket()
    client.connection_made(socket)
    client.resubscribe()
    return client, socket


def arriving(sid: bytes, reply: bytes, headers: dict[str, str], payload: bytes) -> bytes:
    """A message as the server sends it."""
    words = [b"subject", sid, *([reply] if reply else [])]
    if not headers:
        return b"MSG %b %d\r\n%b\r\n" % (b" ".join(words), len(payload), payload)
    block = written(headers)
    return b"HMSG %b %d %d\r\n%b%b\r\n" % (b" ".join(words), len(block), len(block) + len(payload), block, payload)


@given(
    st.lists(st.tuples(st.sampled_from([b"", b"back"]), st.just({}) | HEADERS, PAYLOADS), max_size=5),
    st.lists(st.integers(1, 400), min_size=1, max_size=30),
)
@settings(max_examples=150, deadline=None, derandomize=True)
async def test_frames_are_parsed_from_any_chunks(messages: list[Any], sizes: list[int]) -> None:
    client, _ = opened()
    got: list[Message] = []
    sid = client.subscribe("subject", got.append)
    foreign = arriving(b"7", b"", {}, b"for nats-py")
    stream = b"PING\r\n" + b"".join(arriving(sid, *message) + foreign for message in messages) + b"+OK\r\n"
    start = 0
    while start < len(stream):
        size = sizes[start % len(sizes)]
        client.data_received(stream[start : start + size])
        start += size
    assert [(m.subject, m.reply_to, m.headers, m.data) for m in got] == [("subject", *each) for each in messages]
    assert await client.read(1 << 20) == b"PING\r\n" + foreign * len(messages) + b"+OK\r\n"


async def test_messages_are_sent_in_order_and_together() -> None:
    client, socket = opened()
    client.subscribe("a", print, "group")
    client.post(publication(b"b", b"1"))
    assert socket.sent == b""
    await asyncio.sleep(0)
    assert socket.sent == b"SUB a group r1\r\nPUB b  1\r\n1\r\n"
    sid = client.subscribe("c", print)
    client.forget(sid)
    client.write(b"PING\r\n")
    assert socket.sent.endswith(b"SUB c  r2\r\nUNSUB r2\r\nPING\r\n")


async def test_a_full_buffer_is_sent_at_once() -> None:
    client, socket = opened()
    answers = ResponseBatcher(client)
    for n in range(MAX_PARTS + 1):
        assert socket.sent == b""
        answers.send(b"in.%x" % n, b"answer")
        if n == MAX_PARTS - 1:
            assert socket.sent.count(b"answer") == MAX_PARTS
            assert socket.sent.count(b"HPUB in.many ") == 1
            socket.sent = b""
    await asyncio.sleep(0)
    assert socket.sent == publication(b"in.%x" % MAX_PARTS, b"answer")


async def test_subscriptions_are_renewed_after_a_reconnection() -> None:
    client, _ = opened()
    client.subscribe("a", print)
    client.connection_lost(None)
    assert (client.is_open, client.at_eof()) == (False, True)
    client.subscribe("b", print)
    socket = Socket()
    client.connection_made(socket)
    client.subscribe("c", print)
    assert (client.is_open, socket.sent) == (False, b"")
    client.resubscribe()
    assert (client.is_open, socket.sent) == (True, b"SUB a  r1\r\nSUB b  r2\r\nSUB c  r3\r\n")


async def test_a_failing_callback_loses_one_message() -> None:
    client, _ = opened()
    got: list[bytes] = []

    def receive(message: Message) -> None:
        got.append(message.data)
        raise ValueError

    sid = client.subscribe("a", receive)
    client.data_received(arriving(sid, b"", {}, b"1") + arriving(sid, b"", {}, b"2"))
    assert got == [b"1", b"2"]


@given(HEADERS)
@settings(max_examples=30, deadline=None, derandomize=True)
def test_headers_survive_the_codec(headers: dict[str, str]) -> None:
    assert parsed(written(headers)) == headers


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "\r\n"])
def test_a_header_value_cannot_start_another_header(value: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        written({"a": "x", "b": value})


def test_server_status_messages() -> None:
    assert Message(b"a", b"", b"NATS/1.0 503\r\n\r\n", b"").status == "503"
    assert Message(b"a", b"", b"NATS/1.0 408 Request Timeout\r\nA: b\r\n\r\n", b"").headers == {"A": "b"}
    assert Message(b"a", b"", b"", b"").status == Message(b"a", b"", b"NATS/1.0\r\na: b\r\n\r\n", b"").status == ""
