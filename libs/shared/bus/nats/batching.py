"""Request batching: small messages to one subject within a turn of the event loop travel as one message.

A message costs the server and both sides a parse, and often a system call and a wake-up. A message of ten parts costs
little more than one of one part. Each part keeps its own headers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from libs.shared.bus.nats.protocol import VERSION, Message, publication
from libs.shared.bus.nats.socket import NatsSocket

MARK = VERSION + b"\r\nRocket-Bundle: "
"""The beginning of the headers of a batch; the offsets of the parts follow."""
MAX_PARTS = 16
"""Parts of one batch. Few enough that sending, working and reading the responses overlap."""
MAX_BATCH_BYTES = 32 * 1024
"""Bytes of all parts of a batch; a larger part travels alone.

Little more than a few pages of a list: of large parts the bytes cost more than the messages, and a large message is
assembled from several reads of the socket.
"""
BATCH_TOKEN = b"many"
"""The last token of the subject to which a batch of responses goes."""

Part = tuple[bytes, bytes, bytes]
"""The token of its sender, its headers, and its payload."""


def split_into_batches(parts: Sequence[Part]) -> list[list[Part]]:
    """The parts in order, in as few batches as the limits allow."""
    batches: list[list[Part]] = []
    room = 0
    for part in parts:
        size = len(part[1]) + len(part[2])
        if not batches or size > room or len(batches[-1]) == MAX_PARTS:
            batches.append([])
            room = MAX_BATCH_BYTES
        batches[-1].append(part)
        room -= size
    return batches


def encode_batch(parts: Sequence[Part]) -> tuple[bytes, bytes]:
    """Headers and payload of one message that holds all parts."""
    places = b",".join([b"%b %d %d" % (token, len(block), len(payload)) for token, block, payload in parts])
    return MARK + places + b"\r\n\r\n", b"".join([piece for _, *pieces in parts for piece in pieces])


def is_batch(message: Message) -> bool:
    """Whether a message holds parts, to be read by `decode_batch`."""
    return message.block.startswith(MARK)


def decode_batch(message: Message) -> list[Message]:
    """The parts of a batch as messages.

    The reply subject of a request is the prefix of the batch's reply subject with the token of the request. The subject
    of a response is the prefix of the batch's subject with its token. Raises ValueError if the sizes do not add up.
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
        raise ValueError("the parts of a batch are not as long as it says")
    return messages


class ResponseBatcher:
    """Responses to parts of batches: those that are ready within a turn of the event loop travel together.

    As with requests, a full batch does not wait for the end of the turn.
    """

    def __init__(self, socket: NatsSocket) -> None:
        self._socket = socket
        self._gathered: dict[bytes, list[Part]] = defaultdict(list)

    def send(self, reply_to: bytes, payload: bytes) -> None:
        """Send a response at the end of this turn, or earlier."""
        if not self._gathered:
            self._socket.before_sending(self._send_all)
        prefix, _, token = reply_to.rpartition(b".")
        parts = self._gathered[prefix]
        parts.append((token, b"", payload))
        if len(parts) == MAX_PARTS:
            self._socket.flush()

    def _send_all(self) -> None:
        gathered, self._gathered = self._gathered, defaultdict(list)
        for prefix, parts in gathered.items():
            for batch in split_into_batches(parts):
                if len(batch) == 1:
                    [(token, _, payload)] = batch
                    self._socket.post(publication(b"%b.%b" % (prefix, token), payload))
                else:
                    block, whole = encode_batch(batch)
                    self._socket.post(publication(b"%b.%b" % (prefix, BATCH_TOKEN), whole, block))
