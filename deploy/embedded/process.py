"""The supervisor's view of a process, and how the two servers are spawned."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import psutil

from deploy.embedded.datadir import PRIVATE_UMASK

TAIL_LINES = 12
TAIL_BYTES = 16_384
LOG_LIMIT_BYTES = 16 * 1024 * 1024


class Process(Protocol):
    """The interface that supervised.py needs of a process."""

    @property
    def pid(self) -> int:
        """Its process id."""

    async def wait(self) -> int:
        """Wait for its end; return the exit status, or minus the number of the signal that ended it."""

    def send(self, number: signal.Signals) -> None:
        """Send a signal, unless the process has ended."""

    def tail(self) -> list[str]:
        """Its last lines of output, oldest first."""


class ServerProcess:
    """A server with a log file, in a session of its own, so that the terminal's Ctrl-C does not reach it."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def wait(self) -> int:
        """Wait for its end; return the exit status, or minus the signal's number."""
        return await self._process.wait()

    def send(self, number: signal.Signals) -> None:
        """Send a signal; KILL, STOP and CONT also go to its children.

        Postgres's backends are processes of their own: pausing or killing the server must include them.
        """
        if self._process.returncode is not None:
            return  # the number may belong to another process by now
        family = [self.pid]
        if number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGCONT):
            family += _children(self.pid)
        for pid in family:
            send_if_alive(pid, number)

    def tail(self) -> list[str]:
        """The last lines of its log file."""
        return tail_of(self._log)


async def spawn(
    command: Sequence[str],
    *,
    cwd: Path,
    log: Path,
    dies_by: signal.Signals,
    environment: Mapping[str, str],
    options: Mapping[str, Any] | None = None,
) -> ServerProcess:
    """Start a server that gets the signal `dies_by` from the kernel when this process ends (Linux).

    `options` are further arguments of `create_subprocess_exec`, such as the user it runs as.
    Call it from the main thread: the kernel's "parent" is the thread that forked.
    """
    _rotate(log)
    with open(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as sink:
        process = await asyncio.create_subprocess_exec(
            *tied_to_us(command, dies_by),
            cwd=cwd,
            env=dict(environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
            umask=PRIVATE_UMASK,
            **(options or {}),
        )
    return ServerProcess(process, log)


def tied_to_us(command: Sequence[str], dies_by: signal.Signals) -> list[str]:
    """Prefix the command with setpriv (util-linux), which sets the parent-death signal.

    Without setpriv, only the next start's search for orphans stops survivors.
    """
    if sys.platform != "linux" or shutil.which("setpriv") is None:
        return list(command)
    return ["setpriv", "--pdeathsig", dies_by.name, "--", *command]


def send_if_alive(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process that may just have ended."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def tail_of(log: Path) -> list[str]:
    """The last lines of a log file of any length; none if there is no file."""
    if not log.exists():
        return []
    with open(log, "rb") as file:
        file.seek(max(0, log.stat().st_size - TAIL_BYTES))
        return file.read().decode(errors="replace").splitlines()[-TAIL_LINES:]


def _children(pid: int) -> list[int]:
    try:
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_name(log.name + ".1"))
