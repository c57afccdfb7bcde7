"""`make bench`: one run, from starting everything to the report."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

from bench import arena, machine, report
from bench.processes import memory
from bench.results import Results
from bench.rounds import Course, idle_cores
from bench.settings import Plan, parse

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
    async with arena.opened(plan, folder, tell) as scene:
        results.about = {"command": plan.command(), **machine.describe(folder), **_generator(scene.drive.generator)}
        results.starts = scene.starts
        for system in scene.systems:
            results.idle[system.name] = await idle_cores(system, min(2.0, 2 * plan.seconds))
            results.memory[f"{system.name}, before"] = memory(system.parts())
        course = Course(scene.systems, plan.operations, results.idle, Random(plan.seed), tell)
        steal = machine.Steal()
        await _all_rounds(course, plan, results)
        results.about["time stolen by the hypervisor"] = f"{steal.share():.1%}"
        for system in scene.systems:
            results.memory[f"{system.name}, after"] = memory(system.parts())
    return results


async def _all_rounds(course: Course, plan: Plan, results: Results) -> None:
    tell("a round to warm up, which does not count")
    await course.prepare()
    await course.run_round(0, min(WARM_UP, plan.seconds))
    await course.prepare()
    for number in range(1, plan.rounds + 1):
        results.samples += await course.run_round(number, plan.seconds)
        for system, spent in (await course.prepare()).items():
            results.between[system] = results.between.get(system, 0.0) + spent


def _generator(name: str) -> dict[str, str]:
    return {"load generator": "wrk" if name == "wrk" else "our own (bench/load: asyncio, uvloop), in one process"}


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
        Path(name).chmod(0o755)
        yield Path(name)


if __name__ == "__main__":
    main()
