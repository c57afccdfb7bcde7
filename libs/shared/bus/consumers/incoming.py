"""An event as it arrives from a stream."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from libs.shared.bus.nats.connection import Connection
from libs.shared.bus.nats.protocol import Message
from libs.shared.contracts.context import NO_TRACE, SYSTEM, AppRef, Context
from libs.shared.contracts.streams import EFFECTS, POSITION, REFERENCE, SCHEMA, CommitEvent, SignalEvent

Loads = Callable[[bytes], Any]
"""How JSON is read: quickly, or with all digits of its decimals."""


class Notice(NamedTuple):
    """A commit by its envelope: subject and headers."""

    entity: str
    action: str
    schema_version: int
    has_effects: bool = False


class Incoming:
    """One delivered message: decoded on demand, acknowledged once."""

    __slots__ = ("_connection", "_message", "_tokens", "event", "is_reference")

    def __init__(self, message: Message, connection: Connection) -> None:
        self._message = message
        self._connection = connection
        self._tokens = message.subject.split(".")
        self.event: Any = None
        self.is_reference = message.header(REFERENCE) is not None

    @property
    def subject(self) -> str:
        return self._message.subject

    @property
    def headers(self) -> dict[str, str]:
        return self._message.headers

    @property
    def payload(self) -> bytes:
        return self._message.data

    @property
    def app_id(self) -> str:
        """The app in the subject's second token."""
        return self._tokens[1]

    @property
    def source(self) -> str:
        """The service whose log its position is in."""
        return self._tokens[2] if self._tokens[0] == "signals" else "data"

    @property
    def notice(self) -> Notice | None:
        """The envelope of a commit; None of other events."""
        schema = self._message.header(SCHEMA)
        if schema is None or not schema.isdigit():
            return None
        return Notice(self._tokens[2], self._tokens[3], int(schema), self._message.header(EFFECTS) is not None)

    @property
    def position(self) -> tuple[int, int] | None:
        """Its position in the log of its app; None if no relay has published it."""
        place = self._message.header(POSITION)
        position, _, n = (place or "").partition(".")
        return (int(position), int(n)) if position.isdigit() and n.isdigit() else None

    @property
    def key(self) -> str:
        """The key in the inbox, or the id of an event that can't be decoded, which is enough for a dead letter."""
        if self._is_decoded:
            key: str = self.event.key
            return key
        return self._message.header("ce-id") or self._message.reply_to.decode()

    @property
    def record_key(self) -> str:
        """The key of its record. Events with the same key are handled in order."""
        if self._is_decoded:
            record_key: str = self.event.record_key
            return record_key
        return self.key

    @property
    def _is_decoded(self) -> bool:
        # A batch of spans has no key of its own.
        return self.event is not None and not isinstance(self.event, list)

    def decode(self, loads: Loads) -> None:
        """Fill `event`. Raises ValueError or TypeError if the payload is no event."""
        if self.event is None:
            self.event = decode_event(self.subject, self.payload, loads)

    def replace(self, whole: bytes, loads: Loads) -> None:
        """Fill `event` with the whole event, in place of the reference that was published."""
        self.event = decode_event(self.subject, whole, loads)
        self.is_reference = False

    def context(self, app: AppRef) -> Context:
        """A context in the event's own trace, for the spans of its handling."""
        trace_id = getattr(self.event, "trace_id", "") or NO_TRACE
        return Context(trace_id=trace_id, app=app, identity=SYSTEM)

    def acknowledge(self) -> None:
        """Acknowledge the event to the stream. Raises SERVICE_UNAVAILABLE when there is no connection."""
        if self._message.reply_to:
            self._connection.send(self._message.reply_to)


def decode_event(subject: str, payload: bytes, loads: Loads) -> Any:
    """Decode a CommitEvent, a SignalEvent or a batch of spans, depending on the subject."""
    data = loads(payload)
    if subject.startswith("commits."):
        return CommitEvent(**data)
    if subject.startswith("signals."):
        return SignalEvent(**data)
    return data
