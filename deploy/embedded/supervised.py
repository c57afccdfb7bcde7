"""Keeps one process alive: restarts it with back-off when it dies, until it is stopped."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from deploy.embedded.backoff import Backoff
from deploy.embedded.process import Process

Launch = Callable[[], Awaitable[Process]]
Report = Callable[[str, str], None]


@dataclass(frozen=True)
class Farewell:
    """One step of stopping: a signal, and the seconds before the next step."""

    number: signal.Signals
    seconds: float


class Supervised:
    """One named process. `launch` returns when a server is ready, or when a service is forked."""

    def __init__(self, name: str, launch: Launch, farewells: Sequence[Farewell], report: Report) -> None:
        self.name = name
        self._launch = launch
        self._farewells = farewells
        self._report = report
        self._process: Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._backoff = Backoff()

    @property
    def pid(self) -> int | None:
        """The process id, or None while it is down."""
        return None if self._process is None else self._process.pid

    async def start(self) -> None:
        """Start it and keep it running; errors of the first launch are raised."""
        if self._keeper is not None:
            return
        self._process = await self._launch()
        self._keeper = asyncio.create_task(self._keep(), name=f"keep {self.name}")

    async def stop(self) -> None:
        """Stop it by the farewells, then by force; it stays down until `start`."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
            self._keeper = None
        if self._process is not None:
            await end(self._process, self._farewells)
            self._process = None

    async def kill(self) -> None:
        """Kill it and wait for its end; it is restarted."""
        process = self._running()
        process.send(signal.SIGKILL)
        await process.wait()

    def kill_now(self) -> None:
        """Kill it without waiting, for a supervisor that exits at once."""
        if self._process is not None:
            self._process.send(signal.SIGKILL)

    def pause(self) -> None:
        """Suspend it (SIGSTOP), as an overloaded or swapped-out machine does."""
        self._running().send(signal.SIGSTOP)

    def resume(self) -> None:
        """Resume a suspended process."""
        self._running().send(signal.SIGCONT)

    def _running(self) -> Process:
        if self._process is None:
            raise ProcessLookupError(f"{self.name} is not running")
        return self._process

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            since = loop.time()
            status = None if self._process is None else await self._process.wait()
            delay = self._backoff.delay_after(loop.time() - since)
            if self._process is not None and status is not None:
                self._tell_of_death(self._process, status, delay)
            self._process = None
            await asyncio.sleep(delay)
            await self._relaunch()

    async def _relaunch(self) -> None:
        """Relaunch. Errors are printed and the launch is repeated, because no other task restarts the process."""
        try:
            self._process = await self._launch()
        except Exception as error:
            self._report(self.name, f"start failed: {error}")

    def _tell_of_death(self, process: Process, status: int, delay: float) -> None:
        self._report(self.name, f"ended ({describe(status)}), starts again in {delay:.1f} s; last lines:")
        for line in process.tail():
            self._report(self.name, f"  {line}")


async def end(process: Process, farewells: Sequence[Farewell]) -> int:
    """Send the farewells until the process has ended, and kill it at last; return its status."""
    for farewell in farewells:
        process.send(farewell.number)
        process.send(signal.SIGCONT)  # a paused process would never see the signal
        try:
            async with asyncio.timeout(farewell.seconds):
                return await process.wait()
        except TimeoutError:
            continue
    process.send(signal.SIGKILL)
    return await process.wait()


def describe(status: int) -> str:
    """An exit status in words: "exit status 1" or "SIGKILL"."""
    return f"exit status {status}" if status >= 0 else signal.Signals(-status).name
