"""The JetStream API calls that Rocket uses: streams, durables, fenced atomic publishing.

nats-py's pull fetch delays single messages, and nats-py has no calls for atomic batches and consumer resets (NATS 2.14
and newer). So the documented JSON API is used directly
(https://docs.nats.io/reference/reference-protocols/nats_api_reference).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from libs.shared.bus.nats.connection import Connection
from libs.shared.bus.nats.protocol import Message, written
from libs.shared.contracts.streams import POSITION, StreamSpec

API_TIMEOUT_S = 5.0
BATCH_MESSAGES = 500
"""Messages that are read and published at a time (the server allows 1,000 in an atomic batch)."""
WRONG_LAST = (10070, 10071)
"""Error codes of a fence that does not hold: by message id, by sequence."""
DUPLICATE_WINDOW_S = 5.0
"""Seconds that a stream remembers messages' ids. Nothing rests on it but publishing ahead."""
NOT_FOUND = 404
MAX_FOREIGN_MESSAGES = 10_000
"""The largest number of messages without a position that are skipped in search of the last one with a position."""
_SECOND = 1_000_000_000


class JetStreamError(Exception):
    """An error response of the JetStream API, with its `err_code`."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error.get("description", "JetStream error"))
        self.code = error.get("code", 0)
        self.err_code = error.get("err_code", 0)


class Overtaken(Exception):
    """Another publisher has published to the stream, so the fence does not hold."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to be published; `position` orders it and is where a relay resumes."""

    position: tuple[int, int]
    subject: str
    payload: bytes
    headers: dict[str, str]

    def wire_headers(self) -> dict[str, str]:
        """All headers of the message."""
        return {**self.headers, POSITION: f"{self.position[0]}.{self.position[1]}"}


class JetStream:
    """JetStream over one connection. `retention` overrides the seconds for which the streams keep events."""

    def __init__(self, connection: Connection, replicas: int = 1, retention: float | None = None) -> None:
        self.connection = connection
        self._replicas = replicas
        self._retention = retention
        self._ensured: set[str] = set()
        connection.on_reconnect(self._ensured.clear)

    async def ensure_stream(self, spec: StreamSpec) -> None:
        """Create the stream or update it to `spec`, once per connection to a server."""
        if spec.name in self._ensured:
            return
        age = self._retention if self._retention and spec.atomic else spec.max_age
        config: dict[str, Any] = {
            "name": spec.name,
            "subjects": list(spec.subjects),
            "storage": "file",
            "num_replicas": self._replicas,
            "max_age": int(age * _SECOND),
            "max_bytes": spec.max_bytes or -1,
            "duplicate_window": int(min(age, DUPLICATE_WINDOW_S) * _SECOND),
            "allow_direct": True,
            "allow_atomic": spec.atomic,
        }
        try:
            await self._call(f"STREAM.CREATE.{spec.name}", config)
        except JetStreamError:
            await self._call(f"STREAM.UPDATE.{spec.name}", config)
        self._ensured.add(spec.name)

    async def stream_info(self, name: str) -> dict[str, Any]:
        """A stream: `created`, and its `state` with `first_seq` and `last_seq`."""
        return await self._call(f"STREAM.INFO.{name}", None)

    async def ensure_durable(
        self,
        stream: str,
        name: str,
        filters: Sequence[str],
        ack_wait: float,
        pending: int,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        """Create a durable pull consumer if it does not exist; `more` is further configuration."""
        config = {
            "durable_name": name,
            "ack_policy": "explicit",
            "ack_wait": int(ack_wait * _SECOND),
            "max_ack_pending": pending,
            "filter_subjects": list(filters),
            **(more or {}),
        }
        await self._call(f"CONSUMER.CREATE.{stream}.{name}", {"stream_name": stream, "config": config})

    async def find_consumer(self, stream: str, name: str) -> dict[str, Any] | None:
        """The state and `config` of a consumer, None if the stream has none of this name."""
        try:
            return await self.consumer_info(stream, name)
        except JetStreamError as error:
            if error.code != NOT_FOUND:
                raise
            return None

    async def delete_consumer(self, stream: str, name: str) -> None:
        """Delete a consumer if it exists."""
        try:
            await self._call(f"CONSUMER.DELETE.{stream}.{name}", None)
        except JetStreamError as error:
            if error.code != NOT_FOUND:
                raise

    async def consumer_names(self, stream: str) -> list[str]:
        """The names of all consumers of a stream."""
        names: list[str] = []
        while True:
            page = await self._call(f"CONSUMER.NAMES.{stream}", {"offset": len(names)})
            names += page["consumers"] or []
            if not page["consumers"] or len(names) >= page["total"]:
                return names

    async def consumer_info(self, stream: str, name: str) -> dict[str, Any]:
        """The state of a durable: `num_pending`, `num_ack_pending`, `ack_floor`, …"""
        return await self._call(f"CONSUMER.INFO.{stream}.{name}", None)

    async def reset_consumer(self, stream: str, name: str) -> None:
        """Reset a consumer, so that all messages after its acknowledged floor are delivered again in order."""
        await self._call(f"CONSUMER.RESET.{stream}.{name}", None)

    async def last_position(self, stream: str, subject_filter: str) -> tuple[int, tuple[int, int]]:
        """Sequence of the last message matching the filter, and the position reached; zeros when there is none.

        Messages that no relay published have no position. At most MAX_FOREIGN_MESSAGES of them are skipped.
        """
        message = await self._message(stream, {"last_by_subj": subject_filter})
        if message is None:
            return 0, (0, 0)
        last = sequence = message["seq"]
        prefix = subject_filter.removesuffix(">")
        for _ in range(MAX_FOREIGN_MESSAGES):
            if message and message["subject"].startswith(prefix) and (position := _position(message.get("hdrs", ""))):
                return last, position
            sequence -= 1
            if sequence <= 0:
                break
            message = await self._message(stream, {"seq": sequence})
        return last, (0, 0)

    async def next_position(self, stream: str, sequence: int, subject_filter: str) -> tuple[int, int] | None:
        """The position of the first message at or behind `sequence` that matches the filter, None if there is none."""
        message = await self._message(stream, {"seq": sequence, "next_by_subj": subject_filter})
        return _position(message.get("hdrs", "")) if message else None

    async def _message(self, stream: str, which: dict[str, Any]) -> dict[str, Any] | None:
        try:
            message: dict[str, Any] = (await self._call(f"STREAM.MSG.GET.{stream}", which))["message"]
        except JetStreamError as error:
            if error.code == NOT_FOUND:
                return None
            raise
        return message

    async def stored_at(self, stream: str, sequence: int) -> str:
        """When the message of a sequence was stored, by the server's clock; "" if it is not there."""
        message = await self._message(stream, {"seq": sequence}) if sequence > 0 else None
        return str(message["time"]) if message else ""

    async def publish(self, message: Outgoing, headers: dict[str, str]) -> int:
        """Publish a message and return its sequence. Raises Overtaken when a fence in `headers` does not hold."""
        block = written({**message.wire_headers(), **headers})
        return _sequence(await self.connection.request(message.subject, message.payload, API_TIMEOUT_S, block))

    async def publish_all(self, messages: Sequence[tuple[Outgoing, dict[str, str]]]) -> list[int | BaseException]:
        """Publish messages with further headers in order, without waiting. Returns each one's sequence or error."""
        requests = [(m.subject, m.payload, written({**m.wire_headers(), **more})) for m, more in messages]
        responses = await self.connection.request_all(requests, API_TIMEOUT_S)
        return [_stored(response) for response in responses]

    async def stage(self, message: Outgoing, headers: dict[str, str], acked: bool) -> None:
        """Send a message of an atomic batch that is not the last; with `acked`, wait until it is accepted."""
        sent = {**message.wire_headers(), **headers}
        if not acked:
            await self.connection.publish(message.subject, message.payload, sent)
            return
        reply = await self.connection.request(message.subject, message.payload, API_TIMEOUT_S, written(sent))
        if reply.data:
            _checked(orjson.loads(reply.data))

    async def _call(self, what: str, body: dict[str, Any] | None) -> dict[str, Any]:
        payload = orjson.dumps(body) if body is not None else b""
        reply = await self.connection.request(f"$JS.API.{what}", payload, API_TIMEOUT_S)
        return _checked(orjson.loads(reply.data))


def _sequence(response: Message) -> int:
    return int(_checked(orjson.loads(response.data))["seq"])


def _stored(response: Message | BaseException) -> int | BaseException:
    try:
        return response if isinstance(response, BaseException) else _sequence(response)
    except Exception as error:
        return error


def _checked(reply: dict[str, Any]) -> dict[str, Any]:
    if error := reply.get("error"):
        if error.get("err_code") in WRONG_LAST:
            raise Overtaken(error.get("description", ""))
        raise JetStreamError(error)
    return reply


def _position(encoded: str) -> tuple[int, int] | None:
    """The position in a message's headers (base64); None if it has none."""
    for line in base64.b64decode(encoded).decode(errors="replace").split("\r\n"):
        name, _, value = line.partition(":")
        position, _, n = value.strip().partition(".")
        if name == POSITION and position.isdigit() and n.isdigit():
            return int(position), int(n)
    return None
