"""A NATS micro service (ADR-32): `nats micro ls|info|stats` shows its endpoints and their statistics.

nats-py's own is not used: it runs the requests of an endpoint one after another and sends unknown errors as they are.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import orjson

from libs.shared import clock
from libs.shared.bus.nats.connection import Connection
from libs.shared.bus.nats.protocol import Message
from libs.shared.bus.rpc.transport import Endpoint

TYPE = "io.nats.micro.v1"


class MicroService:
    """One replica of a service."""

    def __init__(self, connection: Connection, name: str, version: str) -> None:
        self._connection = connection
        self._identity = {"name": name, "id": secrets.token_hex(11), "version": version, "metadata": {}}
        self._started = clock.iso(clock.now())
        self._endpoints: list[Endpoint] = []
        self._subscriptions: list[bytes] = []

    def start(self) -> None:
        """Respond to requests about the service itself."""
        name, instance = self._identity["name"], self._identity["id"]
        for verb, describe in {"PING": self._ping, "INFO": self._info, "STATS": self._stats}.items():
            for subject in (f"$SRV.{verb}", f"$SRV.{verb}.{name}", f"$SRV.{verb}.{name}.{instance}"):
                self._subscribe(subject, self._responder(describe))

    def add(self, endpoint: Endpoint, accept: Callable[[Message], None]) -> None:
        """Hand the requests of an endpoint to `accept`, which returns at once."""
        self._endpoints.append(endpoint)
        self._subscribe(endpoint.subject, accept, endpoint.queue_group)

    async def stop(self) -> None:
        """Accept no more requests than those on their way."""
        await self._connection.drain(self._subscriptions)

    def _subscribe(self, subject: str, receiver: Callable[[Message], None], queue: str = "") -> None:
        self._subscriptions.append(self._connection.subscribe(subject, receiver, queue))

    def _responder(self, describe: Callable[[], dict[str, Any]]) -> Callable[[Message], None]:
        def respond(request: Message) -> None:
            self._connection.send(request.reply_to, orjson.dumps({**self._identity, **describe()}))

        return respond

    def _ping(self) -> dict[str, Any]:
        return {"type": f"{TYPE}.ping_response"}

    def _info(self) -> dict[str, Any]:
        return {
            "type": f"{TYPE}.info_response",
            "description": "",
            "endpoints": [_info(endpoint) for endpoint in self._endpoints],
        }

    def _stats(self) -> dict[str, Any]:
        return {
            "type": f"{TYPE}.stats_response",
            "started": self._started,
            "endpoints": [_stats(endpoint) for endpoint in self._endpoints],
        }


def _info(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "name": endpoint.name,
        "subject": endpoint.subject,
        "queue_group": endpoint.queue_group,
        "metadata": {},
    }


def _stats(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "name": endpoint.name,
        "subject": endpoint.subject,
        "queue_group": endpoint.queue_group,
        "num_requests": endpoint.num_requests,
        "num_errors": endpoint.num_errors,
        "last_error": endpoint.last_error,
        "processing_time": endpoint.processing_time,
        "average_processing_time": endpoint.processing_time // max(1, endpoint.num_requests),
        "data": None,
    }
