"""Starting a load generator and reading what it tells."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
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
    if generator == "wrk" and load.seconds >= 1:
        command = wrk.command(load, folder)
        return wrk.read(await call(*command))
    path = folder / "load.json"
    load.write(path)
    return Outcome(**json.loads(await call(sys.executable, "-m", "bench.load", str(path))))


async def call(*command: str, environment: dict[str, str] | None = None) -> str:
    """What a program prints. Raises RuntimeError with its last words if it fails."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=environment
    )
    output, errors = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"{Path(command[0]).name} failed: {errors.decode(errors='replace')[-2000:]}")
    return output.decode()
