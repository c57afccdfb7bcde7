"""The limit in Python (bench/limit), over a copy of the app's database in the same Postgres."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from random import Random

from bench.load.outcome import Outcome
from bench.operations import Operation
from bench.processes import Parts
from bench.systems import tables
from bench.systems.rocket import Rocket, RocketApi
from bench.systems.server import Served, serving
from bench.systems.system import Drive, Target

CONNECTIONS = 12
"""Connections to the database; the default of the data service."""


class Limit:
    """The bare process, and the Postgres it shares."""

    name = "limit"

    def __init__(self, target: Target, served: Served, url: str, rocket: Rocket) -> None:
        self.target = target
        self.served = served
        self._url = url
        self._rocket = rocket

    def parts(self) -> Parts:
        return {"limit": [self.served.pid], "postgres": self._rocket.parts()["postgres"]}

    async def prepare(self) -> None:
        await tables.vacuum(self._url)

    async def drive(self, operation: Operation, seconds: float, randomness: Random) -> Outcome:
        return await self.target.load(operation, seconds, randomness)


@contextlib.asynccontextmanager
async def running(folder: Path, drive: Drive, rocket: Rocket) -> AsyncIterator[Limit]:
    """The process, ready, with the rows that `rocket` has."""
    dsn = await tables.clone(rocket.database_url, "bench_limit", folder)

    def command(port: int) -> Sequence[str]:
        return [sys.executable, "-m", "bench.limit", dsn, str(port), str(CONNECTIONS)]

    async with serving("limit", command, folder) as served:
        target = Target("limit", served.port, RocketApi(""), drive)
        target.ids = await tables.ids(dsn)
        yield Limit(target, served, dsn, rocket)
