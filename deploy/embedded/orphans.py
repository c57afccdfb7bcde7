"""Find servers of this DATA_DIR that outlived their supervisor, by their working directory, and stop them."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import psutil

TERMINATE_TIMEOUT_S = 3.0
KILL_TIMEOUT_S = 2.0


def living(directory: Path, program: str) -> list[psutil.Process]:
    """Processes of `program` with the working directory `directory` (Postgres's backends included)."""
    found = []
    for process in psutil.process_iter(["name", "cwd"]):
        if process.info["name"] == program and process.info["cwd"] == str(directory):
            found.append(process)
    return found


async def stop_orphans(directory: Path, program: str, gently: signal.Signals) -> int:
    """Stop them all with the signal `gently`, then by force; return how many there were.

    Raises TimeoutError if one can't be killed (it hangs in the kernel).
    """
    orphans = living(directory.resolve(), program)
    if not orphans:
        return 0
    remaining = await _signal_and_wait(orphans, gently, TERMINATE_TIMEOUT_S)
    remaining = await _signal_and_wait(remaining, signal.SIGKILL, KILL_TIMEOUT_S)
    if remaining:
        raise TimeoutError(f"{program} of {directory} can't be ended: {[p.pid for p in remaining]}")
    return len(orphans)


async def _signal_and_wait(
    processes: list[psutil.Process], number: signal.Signals, seconds: float
) -> list[psutil.Process]:
    for process in processes:
        try:
            process.send_signal(number)
            process.send_signal(signal.SIGCONT)  # a paused process would never see the signal
        except psutil.NoSuchProcess:
            continue
    _, remaining = await asyncio.to_thread(psutil.wait_procs, processes, seconds)
    return remaining
