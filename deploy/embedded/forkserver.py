"""The supervisor's side of the forkserver: requests forks, learns when they end, reads what services print."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from deploy.embedded.datadir import PRIVATE_UMASK
from deploy.embedded.errors import CannotStart
from deploy.embedded.forkserver_main import MAX_MESSAGE_BYTES
from deploy.embedded.linux import require_linux
from deploy.embedded.pipes import ProcessOutput
from deploy.embedded.process import send_if_alive, tied_to_us

CHECKOUT = Path(__file__).parents[2]
OUTPUT_TIMEOUT_S = 0.5
"""Seconds to wait for the end of an ended process's output; a surviving grandchild may hold the pipe open."""


class ForkedProcess:
    """A process forked by the forkserver, which also reports its end."""

    def __init__(self, pid: int, output: ProcessOutput) -> None:
        self._pid = pid
        self._output = output
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._pid

    async def wait(self) -> int:
        """Wait for its end and the rest of its output; the exit status, or minus the signal's number."""
        status = await asyncio.shield(self._ended)
        await asyncio.wait([self._output.finished], timeout=OUTPUT_TIMEOUT_S)
        return status

    def send(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended (its number may belong to another process by now)."""
        if not self._ended.done():
            send_if_alive(self._pid, number)

    def tail(self) -> list[str]:
        """Its last lines of output."""
        return list(self._output.last_lines)

    def has_ended(self, status: int) -> None:
        """Report its end; called by the forkserver."""
        self._ended.set_result(status)


class _ForkRequest:
    """A fork that was requested and not reported yet."""

    def __init__(self, output: ProcessOutput) -> None:
        self.output = output
        self.process: asyncio.Future[ForkedProcess] = asyncio.get_running_loop().create_future()


class Forkserver:
    """Forks `python -m MODULE` from a process that has imported the modules of `preload`."""

    def __init__(self, preload: Sequence[str]) -> None:
        self._preload = preload
        self._control: socket.socket | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._one_at_a_time = asyncio.Lock()
        self._requested: deque[_ForkRequest] = deque()
        self._living: dict[int, ForkedProcess] = {}

    async def open(self) -> None:
        """Start the forkserver. It imports in the background; the first fork waits for that. Raises CannotStart."""
        require_linux()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        command = [sys.executable, "-m", "deploy.embedded.forkserver_main", str(theirs.fileno()), *self._preload]
        with theirs:
            self._process = await asyncio.create_subprocess_exec(
                *tied_to_us(command, signal.SIGKILL),
                cwd=CHECKOUT,
                # Each service gets its own settings when it is forked.
                env={name: value for name, value in os.environ.items() if not name.startswith("ROCKET_")},
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                umask=PRIVATE_UMASK,
            )
        self._control = ours
        asyncio.get_running_loop().add_reader(ours, self._hear, ours)

    async def close(self) -> None:
        """End the forkserver; the kernel ends the processes that it still has."""
        self._hang_up()
        if self._process is not None:
            await self._process.wait()

    def kill_now(self) -> None:
        """Kill it without waiting; the kernel kills its children."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def fork(
        self, module: str, environment: Mapping[str, str], print_line: Callable[[str], None]
    ) -> ForkedProcess:
        """Run `module` as a program in a fork; each line it prints goes to `print_line`.

        Starts the forkserver again if it has died. Raises CannotStart if it dies during the fork.
        """
        message = json.dumps({"module": module, "environment": dict(environment)}).encode()
        if len(message) > MAX_MESSAGE_BYTES:
            raise CannotStart(f"the environment for {module} is too large: {len(message)} bytes")
        async with self._one_at_a_time:
            if self._control is None:
                await self.open()
            request = _ForkRequest(await ProcessOutput.open(print_line))
            self._send(message, request)
            return await request.process

    def _send(self, message: bytes, request: _ForkRequest) -> None:
        try:
            assert self._control is not None
            socket.send_fds(self._control, [message], [request.output.write_end])
        except OSError:
            raise CannotStart("the process that services are forked from has died") from None
        finally:
            request.output.close_write_end()
        self._requested.append(request)

    def _hear(self, control: socket.socket) -> None:
        try:
            message = control.recv(MAX_MESSAGE_BYTES)
        except ConnectionResetError:
            message = b""
        if not message:
            self._has_died()
            return
        news = json.loads(message)
        if "forked" in news:
            self._has_forked(news["forked"])
        else:
            self._living.pop(news["ended"]).has_ended(news["status"])

    def _has_forked(self, pid: int) -> None:
        request = self._requested.popleft()
        child = self._living[pid] = ForkedProcess(pid, request.output)
        if request.process.cancelled():
            child.send(signal.SIGKILL)
        else:
            request.process.set_result(child)

    def _has_died(self) -> None:
        """The kernel has killed its children with it."""
        self._hang_up()
        for child in self._living.values():
            child.has_ended(-signal.SIGKILL)
        self._living.clear()
        for request in self._requested:
            if not request.process.cancelled():
                request.process.set_exception(CannotStart("the process that services are forked from has died"))
        self._requested.clear()

    def _hang_up(self) -> None:
        if self._control is not None:
            asyncio.get_running_loop().remove_reader(self._control)
            self._control.close()
            self._control = None
