"""The paired rounds: every system × every operation, in a new order each time, one at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from bench.operations import Operation
from bench.processes import Parts, cpu_seconds
from bench.results import Sample
from bench.systems.system import System

CALM_WINDOW = 0.25
CALM_ABOVE_IDLE = 0.10
"""Cores above idle use that still count as idle; one clock tick in the window is 0.04."""
CALM_AT_LAST = 20.0
"""Seconds after which the next measurement starts in any case."""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Course:
    """What stays the same over the rounds. `idle` is the number of cores each system uses without requests."""

    systems: Sequence[System]
    operations: Sequence[Operation]
    idle: Mapping[str, float]
    randomness: Random
    tell: Tell

    async def run_round(self, number: int, seconds: float) -> list[Sample]:
        """Run one round. The systems follow one another within an operation, so that pairs are close in time."""
        samples = []
        for operation in self.randomness.sample(self.operations, len(self.operations)):
            seed = self.randomness.random()
            for system in self.randomness.sample(self.systems, len(self.systems)):
                sample = await self._measure(number, system, operation, seconds, Random(seed))
                self.tell(_line(sample))
                samples.append(sample)
        return samples

    async def prepare(self) -> dict[str, float]:
        """Prepare the systems for a round; return the processor seconds that each spent on it."""
        spent = {}
        for system in self.systems:
            before = cpu_seconds(system.parts())
            await system.prepare()
            await until_calm(system.parts(), self.idle[system.name])
            spent[system.name] = sum(grown(before, cpu_seconds(system.parts())).values())
        return spent

    async def _measure(
        self, number: int, system: System, operation: Operation, seconds: float, randomness: Random
    ) -> Sample:
        """Measure once; return when the system has finished the work that the requests caused."""
        parts = system.parts()
        before = cpu_seconds(parts)
        outcome = await system.drive(operation, seconds, randomness)
        during = grown(before, cpu_seconds(parts))
        calm_after = await until_calm(parts, self.idle[system.name])
        cpu = grown(before, cpu_seconds(parts))
        after = sum(cpu.values()) - sum(during.values())
        return Sample(number, system.name, operation, outcome, cpu, after, calm_after)


async def until_calm(parts: Parts, idle: float) -> float:
    """Wait until a system uses hardly more than when idle; return how long it was busy."""
    began = time.monotonic()
    used = cpu_seconds(parts)
    while (busy := time.monotonic() - began) < CALM_AT_LAST:
        await asyncio.sleep(CALM_WINDOW)
        now = cpu_seconds(parts)
        if sum(grown(used, now).values()) / CALM_WINDOW <= idle + CALM_ABOVE_IDLE:
            return busy if busy > CALM_WINDOW else 0.0
        used = now
    return CALM_AT_LAST


async def idle_cores(system: System, seconds: float) -> float:
    """Cores that a system uses without requests."""
    before = cpu_seconds(system.parts())
    await asyncio.sleep(seconds)
    return sum(grown(before, cpu_seconds(system.parts())).values()) / seconds


def grown(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """The growth of each part's figure."""
    return {name: value - before[name] for name, value in after.items()}


def _line(sample: Sample) -> str:
    outcome = sample.outcome
    words = [
        f"round {sample.round}  {sample.operation:<6}  {sample.system:<10}",
        f"{outcome.rate:8.0f}/s  {sample.cpu_per_request:6.0f} µs",
    ]
    if outcome.p99_ms:
        words.append(f"p99 {outcome.p99_ms:6.1f} ms")
    if sample.calm_after > 0:
        words.append(f"(busy {sample.calm_after:.1f} s more)")
    if outcome.failures:
        words.append(f"VOID: {dict(outcome.failures)}")
    return "  ".join(words)
