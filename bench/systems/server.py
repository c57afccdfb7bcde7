"""Runs one server process while it is measured."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.processes import stat_of
from bench.starting import Start
from deploy.embedded import ports
from deploy.embedded.process import spawn
from deploy.embedded.readiness import until_ready
from deploy.embedded.supervised import Farewell, end

CHECKOUT = Path(__file__).parents[2]
PATIENCE = 30.0
FAREWELLS = (Farewell(signal.SIGTERM, 5.0),)


@dataclass(frozen=True)
class Served:
    """A server that listens."""

    pid: int
    port: int
    start: Start


@contextlib.asynccontextmanager
async def serving(name: str, command: Callable[[int], Sequence[str]], folder: Path) -> AsyncIterator[Served]:
    """Run `command(port)` from the checkout; its output goes to a log in `folder`."""
    port = ports.remembered(folder, name)
    began = time.monotonic()
    process = await spawn(
        command(port), cwd=CHECKOUT, log=folder / f"{name}.log", dies_by=signal.SIGKILL, environment=os.environ
    )

    async def listens() -> bool:
        try:
            _, writer = await asyncio.open_connection(ports.LOCALHOST, port)
        except OSError:
            return False
        writer.close()
        return True

    await until_ready(name, process, listens, PATIENCE)
    try:
        start = Start(time.monotonic() - began, stat_of(process.pid).cpu_seconds)
        yield Served(process.pid, port, start)
    finally:
        await end(process, FAREWELLS)
