"""Starts a load generator and reads its output."""

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
    """wrk if it is installed, unless our own is requested. Raises LookupError if wrk is requested but missing."""
    if wish == "own" or (wish == "auto" and shutil.which("wrk") is None):
        return "own"
    if shutil.which("wrk") is None:
        raise LookupError("wrk is not installed")
    return "wrk"


async def run(load: Load, folder: Path, generator: Generator = "own") -> Outcome:
    """Drive a load from another process. wrk takes whole seconds, and can't send each request just once."""
    before = cpu_of_generators()
    if generator == "wrk" and load.seconds >= 1:
        outcome = wrk.read(await call(*wrk.command(load, folder)))
    else:
        path = folder / "load.json"
        load.write(path)
        outcome = Outcome(**json.loads(await call(sys.executable, "-m", "bench.load", str(path))))
    return replace(outcome, generator_cpu_seconds=cpu_of_generators() - before)


def cpu_of_generators() -> float:
    """Processor seconds of all ended programs that this process has started."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def call(*command: str, environment: dict[str, str] | None = None) -> str:
    """Run a program and return its output. Raises RuntimeError with its last lines if it fails."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=environment
    )
    output, errors = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"{Path(command[0]).name} failed: {errors.decode(errors='replace')[-2000:]}")
    return output.decode()
