"""One running process as the supervisor sees it, and how the two servers are spawned."""

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
    """What supervised.py needs to know of a process, whoever forked it."""

    @property
    def pid(self) -> int:
        """Its process id."""

    async def wait(self) -> int:
        """Waits for its end; the exit status, or minus the number of the signal that ended it."""

    def send(self, number: signal.Signals) -> None:
        """Sends a signal; one that has ended already is left alone."""

    def tail(self) -> list[str]:
        """The last lines it wrote, oldest first."""


class ServerProcess:
    """A server in a session of its own, so the terminal's Ctrl-C doesn't reach it, with a log file."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def wait(self) -> int:
        """Waits for its end; the exit status, or minus the signal's number."""
        return await self._process.wait()

    def send(self, number: signal.Signals) -> None:
        """Sends a signal; force (KILL, STOP, CONT) goes to its children too.

        Postgres's backends are processes of their own: a paused or killed server means all of them.
        """
        if self._process.returncode is not None:
            return  # the number may be somebody else's by now
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
    """Starts a server that gets `dies_by` from the kernel when this process is gone (Linux).

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
    """The command with setpriv (util-linux) in front, which sets the parent-death signal.

    Where there is no setpriv, the next start's look for orphans does the work alone.
    """
    if sys.platform != "linux" or shutil.which("setpriv") is None:
        return list(command)
    return ["setpriv", "--pdeathsig", dies_by.name, "--", *command]


def send_if_alive(pid: int, number: signal.Signals) -> None:
    """Sends a signal to a process that may just have ended."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def tail_of(log: Path) -> list[str]:
    """The last lines of a log file, however long the file is; none if there is no file."""
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
