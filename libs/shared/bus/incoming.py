"""An event as it arrives from a stream."""

from __future__ import annotations

from typing import Any

import orjson

from libs.shared.bus.connection import Connection
from libs.shared.bus.protocol import Message
from libs.shared.contracts.context import SYSTEM, AppRef, Context
from libs.shared.contracts.streams import REFERENCE, CommitEvent, Signal

NO_TRACE = "00000000-0000-0000-0000-000000000000"


class Incoming:
    """One delivered message: decoded on demand, acknowledged once."""

    __slots__ = ("_connection", "_message", "event", "headers", "is_reference", "key", "record_key")

    def __init__(self, message: Message, connection: Connection) -> None:
        self._message = message
        self._connection = connection
        self.event: Any = None
        self.headers = message.headers
        self.is_reference = REFERENCE in self.headers
        # Until it is decoded, an event is known by its id; enough to park what can't be decoded.
        self.key = self.record_key = self.headers.get("ce-id") or message.reply_to.decode()

    @property
    def subject(self) -> str:
        return self._message.subject

    @property
    def payload(self) -> bytes:
        return self._message.data

    @property
    def app_id(self) -> str:
        """The app in the subject's second token."""
        return self.subject.split(".", 2)[1]

    def decode(self) -> None:
        """Fill `event`, `key` and `record_key`. Raises ValueError or TypeError for what is no event."""
        if self.event is None:
            self.event = decode_event(self.subject, self.payload)
            if not isinstance(self.event, list):
                self.key, self.record_key = self.event.key, self.event.record_key

    def replace(self, event: Any) -> None:
        """The whole event in place of the reference that was published."""
        self.event = event
        self.is_reference = False

    def context(self, app: AppRef) -> Context:
        """A context in the event's own trace, for the spans of its handling."""
        trace_id = getattr(self.event, "trace_id", "") or NO_TRACE
        return Context(trace_id=trace_id, app=app, identity=SYSTEM)

    def acknowledge(self) -> None:
        """Tell the stream that the event is done with. Raises SERVICE_UNAVAILABLE when nobody hears it."""
        self._connection.send(self._message.reply_to)


def decode_event(subject: str, payload: bytes) -> Any:
    """A CommitEvent, a Signal, or a batch of spans, as the subject says."""
    data = orjson.loads(payload)
    if subject.startswith("commits."):
        return CommitEvent(**data)
    if subject.startswith("signals."):
        return Signal(**data)
    return data
