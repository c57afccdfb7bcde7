"""The interface of transports, which carry requests to services.

NATS carries requests between processes; services of one process can use the in-process transport. Deadlines, errors and
limits are the same, and one contract test suite runs on both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from libs.shared.errors import RocketError

MAX_PAYLOAD_BYTES = 64 * 1024 * 1024
"""Bytes of the largest request or response between services."""


class NoReceiver(Exception):
    """No replica serves this subject."""


class RequestMessage(Protocol):
    """A request as it arrives: `block` holds the context, `data` the payload."""

    @property
    def block(self) -> bytes: ...
    @property
    def data(self) -> bytes: ...


Accept = Callable[[Any], None]
"""Takes a request message of the transport and returns at once; the response follows through `respond`."""


@dataclass(slots=True)
class Endpoint:
    """What a service serves under one subject, and its statistics; times in nanoseconds."""

    name: str
    subject: str
    queue_group: str
    num_requests: int = 0
    num_errors: int = 0
    last_error: str = ""
    processing_time: int = 0

    def answered(self, began: int, error: str = "") -> None:
        """Count a request that began at `began` (of time.perf_counter_ns)."""
        self.num_requests += 1
        self.processing_time += time.perf_counter_ns() - began
        if error:
            self.num_errors += 1
            self.last_error = error


class Serving(Protocol):
    """The endpoints of one service on a transport."""

    async def stop(self) -> None:
        """Accept no more requests than those on their way."""


class Transport(Protocol):
    """Carries request and response payloads of at most MAX_PAYLOAD_BYTES."""

    def open(self) -> None:
        """Prepare for payloads that are too large for a message. Called once, when connected."""

    async def request(self, subject: str, payload: bytes, timeout_s: float, block: bytes) -> bytes:
        """The response payload.

        Raises NoReceiver, TimeoutError, and RocketError: SERVICE_UNAVAILABLE when the transport is down or full,
        PAYLOAD_TOO_LARGE for a response over the limit.
        """

    def serve(self, service: str, version: str, endpoints: Mapping[str, tuple[Endpoint, Accept]]) -> Serving:
        """Hand the requests of each subject to its `Accept`, as one replica of `service`."""

    def must_fetch(self, payload: bytes) -> bool:
        """Whether a payload is only a reference to the whole one."""

    async def fetch(self, payload: bytes) -> bytes:
        """The whole payload. Raises PAYLOAD_TOO_LARGE over the limit, SERVICE_UNAVAILABLE if it is gone."""

    def respond(self, message: Any, payload: bytes) -> None:
        """Send the response to a request message, without waiting. Raises RocketError as `request` does."""


def is_too_large(size: int) -> bool:
    """Whether a payload is over the limit."""
    return size > MAX_PAYLOAD_BYTES


def refuse_too_large(size: int) -> None:
    """Raise PAYLOAD_TOO_LARGE for a payload over the limit."""
    if is_too_large(size):
        raise RocketError("PAYLOAD_TOO_LARGE", f"The payload has {size} bytes, {MAX_PAYLOAD_BYTES} are allowed")
