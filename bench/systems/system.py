"""The interface of every measured system, and what HTTP systems have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Protocol

import aiohttp

from bench.load import running
from bench.load.outcome import Load, Outcome
from bench.operations import CATEGORIES, PAGE, Api, Operation, Request, requests
from bench.processes import Parts


@dataclass(frozen=True)
class Drive:
    """How load is generated."""

    connections: int
    generator: running.Generator
    folder: Path
    categories: int = CATEGORIES


class System(Protocol):
    """A system that can be driven and measured."""

    @property
    def name(self) -> str:
        """Its name in the report."""

    def parts(self) -> Parts:
        """All its current processes."""

    async def prepare(self) -> None:
        """Called before each round: takes a new token if tokens expire, and vacuums if necessary."""

    async def drive(self, operation: Operation, seconds: float, randomness: Random) -> Outcome:
        """Drive the load of one operation."""


@dataclass
class Target:
    """One HTTP server, with the API form and the caller."""

    name: str
    port: int
    api: Api
    drive: Drive
    headers: dict[str, str] = field(default_factory=dict)
    ids: Mapping[str, Sequence[str]] = field(default_factory=dict)

    async def load(self, operation: Operation, seconds: float, randomness: Random) -> Outcome:
        """Drive one operation over existing records."""
        wanted = requests(self.api, operation, self.ids, randomness, self.drive.categories)
        return await self._run(wanted, seconds)

    async def send_once(self, wanted: Sequence[Request]) -> None:
        """Send each request once. Raises RuntimeError if one fails."""
        outcome = await self._run(wanted, 0.0)
        if outcome.failures or outcome.requests != len(wanted):
            raise RuntimeError(f"{self.name}: {outcome.requests} of {len(wanted)} requests, {outcome.failures}")

    async def _run(self, wanted: Sequence[Request], seconds: float) -> Outcome:
        headers = {"Host": f"127.0.0.1:{self.port}", **self.headers}
        return await self._send([request.encode(headers) for request in wanted], seconds)

    async def run(self, wanted: Sequence[tuple[Request, Mapping[str, str]]], seconds: float) -> Outcome:
        """Drive requests with headers of their own."""
        host = {"Host": f"127.0.0.1:{self.port}"}
        return await self._send([request.encode({**host, **headers}) for request, headers in wanted], seconds)

    async def _send(self, encoded: Sequence[bytes], seconds: float) -> Outcome:
        load = Load(self.port, self.drive.connections, seconds, encoded)
        return await running.run(load, self.drive.folder, self.drive.generator)

    async def ask(self, request: Request) -> Any:
        """Send a request and return the parsed response. Raises RuntimeError if it fails."""
        async with (
            aiohttp.ClientSession(f"http://127.0.0.1:{self.port}", headers=self.headers) as client,
            client.request(request.method, request.path, json=request.body) as response,
        ):
            if response.status >= 300:
                raise RuntimeError(f"{self.name}: {request} answered {response.status}: {await response.text()}")
            return await response.json()

    async def prove(self, category: str, expected: int) -> None:
        """Raises RuntimeError unless a list answers a full page and the right total."""
        found = self.api.listed(await self.ask(self.api.list(category)))
        if found != (min(PAGE, expected), expected):
            raise RuntimeError(f"{self.name}: a list holds (records, total) {found}, not {expected}")
