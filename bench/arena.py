"""All systems up at once, each with the same rows, ready to be measured."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench.load import running
from bench.operations import CATEGORIES, category, rows
from bench.settings import Plan
from bench.starting import Start, Starts
from bench.systems import database, limit, pocketbase, rocket
from bench.systems.system import Drive, System, Target


@dataclass
class Arena:
    """What is up, and how long it took to come up."""

    drive: Drive
    systems: list[System] = field(default_factory=list)
    starts: dict[str, Start] = field(default_factory=dict)


@contextlib.asynccontextmanager
async def opened(plan: Plan, folder: Path, tell: Callable[[str], None]) -> AsyncIterator[Arena]:
    """The systems of the plan. Rocket is always up: its Postgres and its rows are what the limits work with."""
    arena = Arena(Drive(plan.connections, running.chosen(plan.generator), folder))
    async with contextlib.AsyncExitStack() as exits:
        tell("starting rocket, first with an empty folder, then again")
        await _first_start(arena, folder)
        main, starts = await exits.enter_async_context(rocket.running(folder, arena.drive))
        _note(arena, starts, "rocket, with its data there")
        arena.starts |= {f"rocket: {name}": start for name, start in starts.services.items()}
        tell(f"furnishing {plan.rows} rows twice")
        await main.furnish(rows(plan.rows))
        await _prove(main.target, plan.rows)
        arena.systems.append(main)
        if "limit" in plan.systems:
            bare = await exits.enter_async_context(limit.running(folder, arena.drive, main))
            await _prove(bare.target, plan.rows)
            arena.systems.append(bare)
            arena.starts["limit"] = bare.served.start
        if "pocketbase" in plan.systems:
            peer = await exits.enter_async_context(pocketbase.running(folder, arena.drive))
            await peer.furnish(rows(plan.rows))
            await _prove(peer.target, plan.rows)
            arena.systems.append(peer)
            arena.starts["pocketbase"] = peer.served.start
        if "database" in plan.systems:
            arena.systems.append(await exits.enter_async_context(database.running(folder, arena.drive, main)))
        arena.systems = [system for system in arena.systems if system.name in plan.systems]
        yield arena


async def _first_start(arena: Arena, folder: Path) -> None:
    async with rocket.running(folder, arena.drive) as (_, starts):
        _note(arena, starts, "rocket, from an empty folder")


def _note(arena: Arena, starts: Starts, name: str) -> None:
    arena.starts[name] = Start(starts.total, sum(start.cpu_seconds for start in starts.services.values()))


async def _prove(target: Target, count: int) -> None:
    """A list must answer what it should before its speed means anything."""
    await target.prove(category(0), len(range(0, count, CATEGORIES)))
