"""A NATS micro service, as `nats micro ls|info|stats` sees it (ADR-32): endpoints, and $SRV questions about them.

Not nats-py's own, which runs an endpoint's requests one after another through a queue and tells strangers
what an error looks like inside.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from libs.shared import clock
from libs.shared.bus.nats.connection import Connection
from libs.shared.bus.nats.protocol import Message

TYPE = "io.nats.micro.v1"


@dataclass(slots=True)
class Endpoint:
    """What a service answers under one subject, and how often it has; times in nanoseconds."""

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

    def info(self) -> dict[str, Any]:
        """What it is."""
        return {"name": self.name, "subject": self.subject, "queue_group": self.queue_group, "metadata": {}}

    def stats(self) -> dict[str, Any]:
        """What it has done."""
        return {
            "name": self.name,
            "subject": self.subject,
            "queue_group": self.queue_group,
            "num_requests": self.num_requests,
            "num_errors": self.num_errors,
            "last_error": self.last_error,
            "processing_time": self.processing_time,
            "average_processing_time": self.processing_time // max(1, self.num_requests),
            "data": None,
        }


class MicroService:
    """One replica of a service."""

    def __init__(self, connection: Connection, name: str, version: str) -> None:
        self._connection = connection
        self._identity = {"name": name, "id": secrets.token_hex(11), "version": version, "metadata": {}}
        self._started = clock.iso(clock.now())
        self._endpoints: list[Endpoint] = []
        self._subscriptions: list[bytes] = []

    def start(self) -> None:
        """Answer questions about the service."""
        name, instance = self._identity["name"], self._identity["id"]
        for verb, answer in {"PING": self._ping, "INFO": self._info, "STATS": self._stats}.items():
            for subject in (f"$SRV.{verb}", f"$SRV.{verb}.{name}", f"$SRV.{verb}.{name}.{instance}"):
                self._subscribe(subject, self._answering(answer))

    def add(self, endpoint: Endpoint, accept: Callable[[Message], None]) -> None:
        """Hand the requests of an endpoint to `accept`, which must not wait for anything."""
        self._endpoints.append(endpoint)
        self._subscribe(endpoint.subject, accept, endpoint.queue_group)

    async def stop(self) -> None:
        """Take no more requests than those on their way."""
        await self._connection.drain(self._subscriptions)

    def _subscribe(self, subject: str, receiver: Callable[[Message], None], queue: str = "") -> None:
        self._subscriptions.append(self._connection.subscribe(subject, receiver, queue))

    def _answering(self, answer: Callable[[], dict[str, Any]]) -> Callable[[Message], None]:
        def respond(question: Message) -> None:
            self._connection.send(question.reply_to, orjson.dumps({**self._identity, **answer()}))

        return respond

    def _ping(self) -> dict[str, Any]:
        return {"type": f"{TYPE}.ping_response"}

    def _info(self) -> dict[str, Any]:
        return {
            "type": f"{TYPE}.info_response",
            "description": "",
            "endpoints": [endpoint.info() for endpoint in self._endpoints],
        }

    def _stats(self) -> dict[str, Any]:
        return {
            "type": f"{TYPE}.stats_response",
            "started": self._started,
            "endpoints": [endpoint.stats() for endpoint in self._endpoints],
        }
