"""Waiters are served in order or time out; a permit is never lost."""

from __future__ import annotations

import asyncio

import pytest

from libs.shared.postgres.wait_queue import WaitQueue
from libs.shared.testing.polling import eventually


def waiting(line: WaitQueue[str], count: int, unwanted: list[str] | None = None) -> list[asyncio.Task[str | None]]:
    lost: list[str] = [] if unwanted is None else unwanted
    return [asyncio.create_task(line.wait(30, lost.append)) for _ in range(count)]


async def test_waiters_are_served_in_order() -> None:
    line: WaitQueue[str] = WaitQueue()
    assert not line and not line.hand("nobody")
    tasks = waiting(line, 3)
    await eventually(lambda: bool(line))
    assert [line.hand(thing) for thing in "abc"] == [True] * 3
    assert await asyncio.gather(*tasks) == ["a", "b", "c"]
    assert not line and not line.hand("d")


async def test_waiters_time_out_and_are_skipped() -> None:
    line: WaitQueue[str] = WaitQueue()
    short = asyncio.create_task(line.wait(0, lambda _: None))
    [patient] = waiting(line, 1)
    assert await short is None
    assert line.hand("a")
    assert await patient == "a"


@pytest.mark.parametrize("handed_first", [True, False])
async def test_a_cancelled_waiter_loses_nothing(handed_first: bool) -> None:
    line: WaitQueue[str] = WaitQueue()
    unwanted: list[str] = []
    gone, patient = waiting(line, 2, unwanted)
    await eventually(lambda: bool(line))
    if handed_first:
        assert line.hand("a")
        gone.cancel()
    else:
        gone.cancel()
        await asyncio.wait([gone])
        assert line.hand("a")
    await asyncio.wait([gone])
    assert gone.cancelled()
    assert unwanted == (["a"] if handed_first else [])
    if handed_first:
        assert line.hand(unwanted[0])
    assert await patient == "a"
