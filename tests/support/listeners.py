"""Clients of live streams."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson

from libs.shared.testing.polling import eventually
from tests.support.client import Client


@dataclass(slots=True)
class Listener:
    """An EventSource: what it was told, and the id it would come back with."""

    events: list[tuple[str, int, Any]] = field(default_factory=list)
    last_id: str = ""
    status: int = 0
    ended: bool = False

    @property
    def commits(self) -> list[Any]:
        return [data for kind, _, data in self.events if kind == "commit"]

    @property
    def changes(self) -> list[tuple[str, str, Any]]:
        """(change, id, title) of every change, in order."""
        return [
            (change["change"], change["id"], (change["record"] or {}).get("title"))
            for commit in self.commits
            for change in commit["changes"]
        ]

    async def read(self, response: aiohttp.ClientResponse) -> None:
        """Take events until the stream ends."""
        kind, position, data = "message", "", ""
        with contextlib.suppress(aiohttp.ClientError):
            async for raw in response.content:
                name, _, value = raw.decode().rstrip("\n").partition(": ")
                match name:
                    case "event":
                        kind = value
                    case "id":
                        position = value
                    case "data":
                        data = value
                    case "":
                        self.last_id = position or self.last_id
                        if data:
                            self.events.append((kind, int(position), orjson.loads(data)))
                        kind, data = "message", ""
        self.ended = True


@contextlib.asynccontextmanager
async def listening(
    client: Client, path: str, listener: Listener | None = None, **headers: str
) -> AsyncIterator[Listener]:
    """A listener at `path`, from where it has been to if it has been anywhere; ready when the block begins."""
    listener = listener or Listener()
    listener.ended = False
    sent = {"Authorization": f"Bearer {client.token}", **headers} if client.token else dict(headers)
    if listener.last_id:
        sent["Last-Event-ID"] = listener.last_id
    timeout = aiohttp.ClientTimeout(total=None)
    async with client.session.get(client.url + client.prefix + path, headers=sent, timeout=timeout) as response:
        listener.status = response.status
        if response.status != 200:
            yield listener
            return
        assert response.content_type == "text/event-stream"
        before = len(listener.events)
        reading = asyncio.create_task(listener.read(response))
        await eventually(lambda: len(listener.events) > before)
        try:
            yield listener
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


async def told(listener: Listener, number: int) -> None:
    await eventually(lambda: len(listener.commits) >= number, within=20)
    assert len(listener.commits) == number
