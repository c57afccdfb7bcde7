"""The paired rounds: every system × every operation, in a new order each time, one at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from random import Random

from bench.operations import Operation
from bench.processes import cpu_seconds
from bench.results import Sample
from bench.systems.system import System

CALM_WINDOW = 0.25
CALM_ABOVE_IDLE = 0.10
"""Cores above what it uses idle that still count as calm; one clock tick in the window is 0.04."""
CALM_AT_LAST = 20.0
"""Seconds after which the next measurement begins in any case."""

Tell = Callable[[str], None]


async def run_round(
    number: int,
    systems: Sequence[System],
    operations: Sequence[Operation],
    seconds: float,
    idle: Mapping[str, float],
    randomness: Random,
    tell: Tell,
) -> list[Sample]:
    """One round. The systems follow one another within an operation, so that pairs are close in time."""
    for system in systems:
        await system.refresh()
    samples = []
    for operation in randomness.sample(operations, len(operations)):
        order = randomness.sample(systems, len(systems))
        seed = randomness.random()
        for system in order:
            sample = await measure(number, system, operation, seconds, idle.get(system.name, 0.0), Random(seed))
            tell(_line(sample))
            samples.append(sample)
    return samples


async def measure(
    number: int, system: System, operation: Operation, seconds: float, idle: float, randomness: Random
) -> Sample:
    """One measurement; returns when the system has done what the requests left it to do."""
    roots = [pid for pids in system.parts().values() for pid in pids]
    before = cpu_seconds(roots)
    outcome = await system.drive(operation, seconds, randomness)
    during = cpu_seconds(roots) - before
    calm_after = await until_calm(roots, idle)
    after = cpu_seconds(roots) - before - during
    return Sample(number, system.name, operation, outcome, during, after, calm_after)


async def until_calm(roots: Sequence[int], idle: float) -> float:
    """Waits until the processes use hardly more than idle; answers how long they were busy."""
    began = time.monotonic()
    used = cpu_seconds(roots)
    while (busy := time.monotonic() - began) < CALM_AT_LAST:
        await asyncio.sleep(CALM_WINDOW)
        now = cpu_seconds(roots)
        if (now - used) / CALM_WINDOW <= idle + CALM_ABOVE_IDLE:
            return busy
        used = now
    return CALM_AT_LAST


async def idle_cores(system: System, seconds: float) -> float:
    """Cores that a system uses while nobody asks it anything."""
    roots = [pid for pids in system.parts().values() for pid in pids]
    before = cpu_seconds(roots)
    await asyncio.sleep(seconds)
    return (cpu_seconds(roots) - before) / seconds


def _line(sample: Sample) -> str:
    outcome = sample.outcome
    words = [
        f"round {sample.round}  {sample.operation:<6}  {sample.system:<10}",
        f"{outcome.rate:8.0f}/s  {sample.cpu_per_request:6.0f} µs  p99 {outcome.p99_ms:6.1f} ms",
    ]
    if sample.calm_after > 0:
        words.append(f"(busy {sample.calm_after:.1f} s more)")
    if outcome.failures:
        words.append(f"VOID: {dict(outcome.failures)}")
    return "  ".join(words)
