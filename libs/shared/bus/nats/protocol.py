"""The lines of the NATS protocol that Rocket writes, and received messages. Pure."""

from __future__ import annotations

from collections.abc import Mapping

VERSION = b"NATS/1.0"
STATUS = b"NATS/1.0 "
NO_RESPONDERS = "503"


class Message:
    """A received message. `block` contains the raw header lines and is empty without headers.

    `is_part` is true for a part of a batch, whose response may be sent in a batch too.
    """

    __slots__ = ("block", "data", "is_part", "raw_subject", "reply_to")

    def __init__(self, raw_subject: bytes, reply_to: bytes, block: bytes, data: bytes) -> None:
        self.raw_subject = raw_subject
        self.reply_to = reply_to
        self.block = block
        self.data = data
        self.is_part = False

    @property
    def subject(self) -> str:
        return self.raw_subject.decode()

    def header(self, name: str) -> str | None:
        """One header, in the format of `written`, read without parsing the others."""
        start = self.block.find(b"\r\n%b: " % name.encode())
        if start < 0:
            return None
        start += len(name) + 4
        return self.block[start : self.block.find(b"\r\n", start)].decode("utf-8", "replace")

    @property
    def headers(self) -> dict[str, str]:
        """The headers by name."""
        return parsed(self.block)

    @property
    def status(self) -> str:
        """The status of a message that the server made itself (`408`, `503`); empty for all others."""
        return self.block[len(STATUS) : len(STATUS) + 3].decode() if self.block.startswith(STATUS) else ""


def publication(subject: bytes, payload: bytes, block: bytes = b"", reply: bytes = b"") -> bytes:
    """PUB or HPUB with all that belongs to it."""
    if block:
        size = len(block)
        return b"HPUB %b %b %d %d\r\n%b%b\r\n" % (subject, reply, size, size + len(payload), block, payload)
    return b"PUB %b %b %d\r\n%b\r\n" % (subject, reply, len(payload), payload)


def subscription(subject: str, queue: str, sid: bytes) -> bytes:
    """SUB, in a queue group if `queue` names one."""
    return b"SUB %b %b %b\r\n" % (subject.encode(), queue.encode(), sid)


def unsubscription(sid: bytes) -> bytes:
    """UNSUB."""
    return b"UNSUB %b\r\n" % sid


def written(headers: Mapping[str, str]) -> bytes:
    """Headers as a block. Raises ValueError for a line break, which would begin another header."""
    text = "\r\n".join([f"{name}: {value}" for name, value in headers.items()])
    if text.count("\n") >= len(headers) or text.count("\r") >= len(headers):
        raise ValueError("a header may not hold a line break")
    return b"%b\r\n%b\r\n\r\n" % (VERSION, text.encode())


def parsed(block: bytes) -> dict[str, str]:
    """The headers of a block by name; a status line adds none."""
    headers = {}
    for line in block.decode("utf-8", "replace").split("\r\n")[1:]:
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip()] = value.strip()
    return headers
