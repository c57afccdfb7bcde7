"""Starting a load generator and reading what it tells."""

from __future__ import annotations

import asyncio
import json
import resource
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Literal

from bench.load import wrk
from bench.load.outcome import Load, Outcome

Generator = Literal["own", "wrk"]


def chosen(wish: str) -> Generator:
    """wrk where it is installed, unless our own is asked for. Raises LookupError where wrk is asked for in vain."""
    if wish == "own" or (wish == "auto" and shutil.which("wrk") is None):
        return "own"
    if shutil.which("wrk") is None:
        raise LookupError("wrk is not installed")
    return "wrk"


async def run(load: Load, folder: Path, generator: Generator = "own") -> Outcome:
    """Drive a load from another process. wrk knows whole seconds only, and no end after each request once."""
    before = cpu_of_generators()
    if generator == "wrk" and load.seconds >= 1:
        outcome = wrk.read(await call(*wrk.command(load, folder)))
    else:
        path = folder / "load.json"
        load.write(path)
        outcome = Outcome(**json.loads(await call(sys.executable, "-m", "bench.load", str(path))))
    return replace(outcome, generator_cpu_seconds=cpu_of_generators() - before)


def cpu_of_generators() -> float:
    """Processor seconds of all programs that this process has started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def call(*command: str, environment: dict[str, str] | None = None) -> str:
    """What a program prints. Raises RuntimeError with its last words if it fails."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=environment
    )
    output, errors = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"{Path(command[0]).name} failed: {errors.decode(errors='replace')[-2000:]}")
    return output.decode()
