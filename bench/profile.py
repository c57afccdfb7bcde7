"""`python -m bench.profile OPERATION`: where this system spends its time during one operation.

py-spy samples each process many times a second, and counts what runs or waits for a core. C code counts for the
Python function that called it, unless --native shows it under its own name.
"""

from __future__ import annotations

import argparse
import asyncio
import sysconfig
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from bench.load import running
from bench.load.outcome import Outcome
from bench.markdown import number
from bench.operations import OPERATIONS, Operation, rows
from bench.systems import rocket
from bench.systems.system import Drive
from deploy.embedded.services import ROCKET

WARM_UP = 1.0
LEAD = 0.7
"""Seconds that the load runs before and after the samples: the generator has to start."""
LOOKS_PER_SECOND = 200


@dataclass(frozen=True)
class Wish:
    """The arguments of the command line."""

    operation: Operation
    processes: Sequence[str]
    seconds: float
    rows: int
    connections: int
    top: int
    native: bool


@dataclass(frozen=True)
class Cost:
    """One function: the share of samples in which it ran itself, and in which it was on the stack."""

    function: str
    itself: float
    with_callees: float


def main() -> None:
    wish = parse()
    with tempfile.TemporaryDirectory(prefix="rocket-profile-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        asyncio.run(profile(wish, folder))


def parse(arguments: Sequence[str] | None = None) -> Wish:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.profile", description=__doc__)
    parser.add_argument("operation", choices=OPERATIONS)
    parser.add_argument("--processes", nargs="+", default=["gateway", "data"], choices=ROCKET.services)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--top", type=int, default=15)
    parser.add_argument("--native", action="store_true", help="C functions by their own names (slows the process down)")
    return Wish(**vars(parser.parse_args(arguments)))


async def profile(wish: Wish, folder: Path) -> None:
    """Start, fill, drive, sample, print."""
    drive = Drive(wish.connections, running.chosen("auto"), folder)
    async with rocket.running(folder, drive) as (system, _):
        await system.furnish(rows(wish.rows), "each")
        await system.drive(wish.operation, WARM_UP, Random(0))
        pids = {name: system.stack.pids(name)[0] for name in wish.processes}
        load = asyncio.create_task(system.drive(wish.operation, wish.seconds + 2 * LEAD, Random(1)))
        await asyncio.sleep(LEAD)
        found = await asyncio.gather(*(looked_at(pid, wish, folder) for pid in pids.values()))
        outcome = await load
    print(_headline(wish, outcome))
    for name, stacks in zip(pids, found, strict=True):
        print(table_of(name, stacks, wish.seconds * LOOKS_PER_SECOND, wish.top))


async def looked_at(pid: int, wish: Wish, folder: Path) -> str:
    """The stacks that py-spy saw: the frames, outermost first, and their number."""
    program = str(Path(sysconfig.get_path("scripts")) / "py-spy")
    output = folder / f"{pid}.raw"
    await running.call(
        *(program, "record", "--pid", str(pid), "--format", "raw", "--output", str(output), "--function"),
        *("--duration", str(round(wish.seconds)), "--rate", str(LOOKS_PER_SECOND), "--nonblocking"),
        *(["--native"] if wish.native else []),
    )
    return await asyncio.to_thread(output.read_text, encoding="utf-8")


def dearest(stacks: str, looks: float) -> list[Cost]:
    """Functions by their own time; shares are of all samples, so they add up to a process's load."""
    itself: Counter[str] = Counter()
    anywhere: Counter[str] = Counter()
    for line in stacks.splitlines():
        stack, _, count = line.rpartition(" ")
        frames = [frame for frame in stack.split(";") if frame]
        if not frames:
            continue  # sampled during a change
        itself[frames[-1]] += int(count)
        for frame in set(frames):
            anywhere[frame] += int(count)
    return [Cost(name, count / looks, anywhere[name] / looks) for name, count in itself.most_common()]


def table_of(process: str, stacks: str, looks: float, top: int) -> str:
    """The most expensive functions of a process, for a terminal."""
    costs = dearest(stacks, looks)
    busy = sum(cost.itself for cost in costs)
    lines = [f"\n{process}: busy {busy:.0%} of the time", "  itself  with callees  function"]
    lines += [f"  {c.itself:6.1%}  {c.with_callees:12.1%}  {c.function}" for c in costs[:top]]
    return "\n".join(lines)


def _headline(wish: Wish, outcome: Outcome) -> str:
    failures = f", failures: {dict(outcome.failures)}" if outcome.failures else ""
    return f"{wish.operation}: {number(outcome.rate)} requests/s, median {number(outcome.median_ms)} ms{failures}"


if __name__ == "__main__":
    main()
