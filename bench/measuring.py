"""One run, from start to results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

from bench import arena, machine
from bench.processes import memory
from bench.results import Results
from bench.rounds import Course, idle_cores
from bench.settings import Plan

GENERATORS = {"own": "our own (bench/load: one process, asyncio, uvloop)", "wrk": "wrk, one thread"}
WARM_UP = 0.5
"""Seconds per measurement of the warm-up round, in which statements are prepared and caches filled."""


async def run(plan: Plan, folder: Path, tell: Callable[[str], None]) -> Results:
    """Measure what the plan says, with all data in `folder`; `tell` gets progress messages."""
    results = Results({"command": plan.command(), **machine.describe(folder)})
    async with arena.opened(plan, folder, tell) as scene:
        results.about["load generator"] = GENERATORS[scene.drive.generator]
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
    course.tell("a round to warm up, which does not count")
    await course.prepare()
    await course.run_round(0, min(WARM_UP, plan.seconds))
    await course.prepare()
    for number in range(1, plan.rounds + 1):
        results.samples += await course.run_round(number, plan.seconds)
        for system, spent in (await course.prepare()).items():
            results.between[system] = results.between.get(system, 0.0) + spent
