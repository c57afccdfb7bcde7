"""Tasks that may take only so long, whether they begin at once (from Python 3.12 on) or in the next turn."""

from __future__ import annotations

import asyncio

from libs.shared.bus.rpc.deadlines import Deadlines
from libs.shared.testing.polling import eventually

LONG = 30.0


async def test_a_late_call_is_cancelled() -> None:
    deadlines, said = Deadlines(), list[str]()

    async def work(seconds: float) -> None:
        deadlines.limit(seconds)
        try:
            await asyncio.sleep(LONG)
        except asyncio.CancelledError:
            said.append(f"{seconds:g} {deadlines.overdue()}")

    deadlines.begin(work(0.01))
    deadlines.begin(work(LONG))
    # It is forgotten in the turn after the one in which it said so.
    await eventually(lambda: said and len(deadlines) == 1)
    [left] = deadlines.tasks()
    left.cancel()
    await eventually(lambda: not deadlines.tasks())
    assert said == ["0.01 True", "30 False"]


async def test_no_limit_means_none() -> None:
    deadlines, go, done = Deadlines(), asyncio.Event(), list[int]()

    async def work() -> None:
        await go.wait()
        done.append(1)

    async def overdue() -> None:
        deadlines.limit(0.0)
        await asyncio.sleep(LONG)

    deadlines.begin(work())
    deadlines.begin(overdue())
    await eventually(lambda: len(deadlines) == 1)
    go.set()
    await eventually(lambda: done and not deadlines.tasks())


async def test_ended_calls_are_forgotten() -> None:
    deadlines, done = Deadlines(), list[int]()

    async def work(number: int) -> None:
        deadlines.limit(LONG)
        done.append(number)

    for number in range(3):
        deadlines.begin(work(number))
    await eventually(lambda: len(deadlines) == 0)
    assert done == [0, 1, 2]
