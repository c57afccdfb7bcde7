"""All systems running at once, each with the same rows, ready to be measured."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from bench.load import running
from bench.operations import category, rows
from bench.settings import Plan
from bench.starting import Start, Starts
from bench.systems import database, former, limit, permitted, pocketbase, rocket, strangers, untraced
from bench.systems.system import Drive, System, Target

Tell = Callable[[str], None]


@contextlib.asynccontextmanager
async def opened(plan: Plan, folder: Path, tell: Tell) -> AsyncIterator[Arena]:
    """Open the systems of the plan. Rocket always runs, because the limits use its Postgres and its rows."""
    async with contextlib.AsyncExitStack() as exits:
        arena = Arena(plan, folder, exits)
        tell("starting rocket, first with an empty folder, then again")
        main = await arena.start_rocket()
        tell(f"furnishing {plan.rows} rows twice")
        await arena.furnish_rocket(main)
        await arena.add_others(main)
        yield arena


class Arena:
    """The running systems and their start times."""

    def __init__(self, plan: Plan, folder: Path, exits: contextlib.AsyncExitStack) -> None:
        self.drive = Drive(plan.connections, running.chosen(plan.generator), folder, plan.categories)
        self.systems: list[System] = []
        self.starts: dict[str, Start] = {}
        self._plan = plan
        self._folder = folder
        self._exits = exits

    async def start_rocket(self) -> rocket.Rocket:
        """Start Rocket twice: the first start creates the databases."""
        async with rocket.running(self._folder, self.drive) as (_, first):
            self._note(first, "rocket, from an empty folder")
        main, starts = await self._exits.enter_async_context(rocket.running(self._folder, self.drive))
        self._note(starts, "rocket, with its data there")
        self.starts |= {f"rocket: {name}": start for name, start in starts.services.items()}
        return main

    async def furnish_rocket(self, main: rocket.Rocket) -> None:
        await main.furnish(rows(self._plan.rows, self._plan.categories), self._plan.index)
        await self._prove(main.target)
        if "rocket" in self._plan.systems:
            self.systems.append(main)

    async def add_others(self, main: rocket.Rocket) -> None:
        """Start the other systems of the plan."""
        adding = {
            "limit": self._add_limit, "pocketbase": self._add_pocketbase, "database": self._add_database,
            "permitted": self._add_permitted, "strangers": self._add_strangers, "untraced": self._add_untraced,
            "former": self._add_former,
        }  # fmt: skip
        for name, add in adding.items():
            if name in self._plan.systems:
                await add(main)

    async def _add_limit(self, main: rocket.Rocket) -> None:
        bare = await self._exits.enter_async_context(limit.running(self._folder, self.drive, main))
        await self._prove(bare.target)
        self.systems.append(bare)
        self.starts["limit"] = bare.served.start

    async def _add_pocketbase(self, _: rocket.Rocket) -> None:
        peer = await self._exits.enter_async_context(pocketbase.running(self._folder, self.drive))
        await peer.furnish(rows(self._plan.rows, self._plan.categories), self._plan.index)
        await self._prove(peer.target)
        self.systems.append(peer)
        self.starts["pocketbase"] = peer.served.start

    async def _add_database(self, main: rocket.Rocket) -> None:
        self.systems.append(await self._exits.enter_async_context(database.running(self._folder, self.drive, main)))

    async def _add_permitted(self, main: rocket.Rocket) -> None:
        clerk = permitted.Permitted(main, self.drive)
        await clerk.furnish()
        await self._prove(clerk.target)
        self.systems.append(clerk)

    async def _add_strangers(self, main: rocket.Rocket) -> None:
        stranger = strangers.Strangers(main, self.drive)
        await stranger.prepare()
        self.systems.append(stranger)

    async def _add_untraced(self, main: rocket.Rocket) -> None:
        silent = untraced.Untraced(main, self.drive)
        await silent.furnish(rows(self._plan.rows, self._plan.categories), self._plan.index)
        await self._prove(silent.target)
        self.systems.append(silent)

    async def _add_former(self, _: rocket.Rocket) -> None:
        assert self._plan.former is not None, "the command line names its checkout"
        before = await self._exits.enter_async_context(former.running(self._plan.former, self._folder, self.drive))
        await before.furnish(rows(self._plan.rows, self._plan.categories), self._plan.index)
        await self._prove(before.target)
        self.systems.append(before)

    async def _prove(self, target: Target) -> None:
        """Check the answer of a list, because a wrong one has no meaningful speed."""
        await target.prove(category(0), len(range(0, self._plan.rows, self._plan.categories)))

    def _note(self, starts: Starts, name: str) -> None:
        self.starts[name] = Start(starts.total, sum(start.cpu_seconds for start in starts.services.values()))
