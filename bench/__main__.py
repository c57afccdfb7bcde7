"""`make bench`: one run, from starting everything to the report."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile

from collections.abc import Iterator
from pathlib import Path
from random import Random

from bench import arena, machine, report
from bench.processes import Memory, memory
from bench.results import Results
from bench.rounds import idle_cores, run_round
from bench.settings import Plan, parse
from bench.systems.system import System

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench" / "results"
DOCUMENT = ROOT / "docs" / "benchmarks.md"
WARM_UP = 0.5
"""Seconds per measurement of the round that does not count: statements get prepared, caches filled."""


def main() -> None:
    plan = parse()
    with _folder(plan) as folder:
        results = asyncio.run(run(plan, folder))
    results.write(RESULTS / "latest.json")
    text = report.render(results, plan)
    (RESULTS / "latest.md").write_text(text, encoding="utf-8")
    if plan.is_published:
        DOCUMENT.write_text(text, encoding="utf-8")
    tell(f"\n{text}")


async def run(plan: Plan, folder: Path) -> Results:
    """Measures what the plan says, with all data in `folder`."""
    results = Results()
    randomness = Random(plan.seed)
    async with arena.opened(plan, folder, tell) as scene:
        results.about = {**await machine.describe(folder), "load generator": scene.drive.generator}
        results.starts = scene.starts
        for system in scene.systems:
            results.idle[system.name] = await idle_cores(system, min(2.0, 2 * plan.seconds))
            results.memory[f"{system.name}, before"] = memory_of(system)
        settings = (scene.systems, plan.operations)
        tell("a round to warm up, which does not count")
        await run_round(0, *settings, min(WARM_UP, plan.seconds), results.idle, randomness, tell)
        for number in range(1, plan.rounds + 1):
            results.samples += await run_round(number, *settings, plan.seconds, results.idle, randomness, tell)
        for system in scene.systems:
            results.memory[f"{system.name}, after"] = memory_of(system)
    return results


def memory_of(system: System) -> dict[str, Memory]:
    """Per part; a process that is a part of its own is not counted again with its parent."""
    parts = system.parts()
    everyone = [pid for pids in parts.values() for pid in pids]
    return {name: memory(pids, apart=everyone) for name, pids in parts.items()}


def tell(line: str) -> None:
    print(line, flush=True)


@contextlib.contextmanager
def _folder(plan: Plan) -> Iterator[Path]:
    """Where the data lies during the run. Postgres may run as somebody else, who must be able to pass."""
    if plan.folder is not None:
        plan.folder.mkdir(parents=True, exist_ok=True)
        yield plan.folder.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="rocket-bench-") as name:
        Path(name).chmod(0o755)  # noqa: S103  holds nothing secret
        yield Path(name)


if __name__ == "__main__":
    main()
