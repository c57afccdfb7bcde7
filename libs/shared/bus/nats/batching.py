"""Several small messages in one: what goes the same way within a turn of the loop travels together.

A message costs the server and both sides a parse, and often a system call and a wake-up; one of ten parts costs
little more than one of one. Each part keeps its own headers, so nothing about it has to be told twice or guessed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from libs.shared.bus.nats.protocol import VERSION, Message, publication
from libs.shared.bus.nats.socket import NatsSocket

MARK = VERSION + b"\r\nRocket-Bundle: "
MOST = 16
"""Parts of one bundle. Few enough that asking, answering and reading the answers go on side by side."""
LARGEST = 32 * 1024
"""Bytes that the parts of one bundle may have in all; one that is larger travels by itself.

Little more than a few pages of a list: of what is large the bytes cost more than the messages, and a large message is
put together out of several reads of the socket.
"""
MANY = b"many"
"""The last token of the subject that a bundle of answers goes to."""

Part = tuple[bytes, bytes, bytes]
"""A token that says whose it is, its headers, and its payload."""


def split_into_batches(parts: Sequence[Part]) -> list[list[Part]]:
    """The parts in their order, in as few bundles as may be."""
    loads: list[list[Part]] = []
    room = 0
    for part in parts:
        size = len(part[1]) + len(part[2])
        if not loads or size > room or len(loads[-1]) == MOST:
            loads.append([])
            room = LARGEST
        loads[-1].append(part)
        room -= size
    return loads


def encode_batch(parts: Sequence[Part]) -> tuple[bytes, bytes]:
    """Headers and payload of one message for all of them."""
    places = b",".join([b"%b %d %d" % (token, len(block), len(payload)) for token, block, payload in parts])
    return MARK + places + b"\r\n\r\n", b"".join([piece for _, *pieces in parts for piece in pieces])


def is_batch(message: Message) -> bool:
    """Whether `opened` has to be asked for what it holds."""
    return message.block.startswith(MARK)


def decode_batch(message: Message) -> list[Message]:
    """The messages of a bundle; each one's answer goes to its token behind the prefix that the bundle is answered to.

    Of a bundle of answers: each one's subject is its token behind the bundle's prefix. Raises ValueError for what
    is no bundle of ours.
    """
    subject, reply_to = message.raw_subject, message.reply_to
    own, sender = subject.rpartition(b".")[0], reply_to.rpartition(b".")[0]
    messages, start, data = [], 0, message.data
    for place in message.block[len(MARK) : -4].split(b","):
        token, head, size = place.split(b" ")
        body = start + int(head)
        end = body + int(size)
        if sender:
            part = Message(subject, b"%b.%b" % (sender, token), data[start:body], data[body:end])
            part.is_part = True
        else:
            part = Message(b"%b.%b" % (own, token), b"", data[start:body], data[body:end])
        messages.append(part)
        start = end
    if start != len(data):
        raise ValueError("a bundle's parts are not as long as it says")
    return messages


class ResponseBatcher:
    """Answers to parts of bundles on their way back: those that are ready within a turn of the loop go together.

    As with questions, a full bundle does not wait for the end of the turn.
    """

    def __init__(self, socket: NatsSocket) -> None:
        self._socket = socket
        self._gathered: dict[bytes, list[Part]] = defaultdict(list)

    def send(self, reply_to: bytes, payload: bytes) -> None:
        """Send one at the end of this turn, or earlier."""
        if not self._gathered:
            self._socket.before_sending(self._send_all)
        prefix, _, token = reply_to.rpartition(b".")
        parts = self._gathered[prefix]
        parts.append((token, b"", payload))
        if len(parts) == MOST:
            self._socket.flush()

    def _send_all(self) -> None:
        gathered, self._gathered = self._gathered, defaultdict(list)
        for prefix, parts in gathered.items():
            for load in split_into_batches(parts):
                if len(load) == 1:
                    [(token, _, payload)] = load
                    self._socket.post(publication(b"%b.%b" % (prefix, token), payload))
                else:
                    block, whole = encode_batch(load)
                    self._socket.post(publication(b"%b.%b" % (prefix, MANY), whole, block))
