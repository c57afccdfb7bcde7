"""A Batcher flushes calls of one turn together, within its bounds, and answers each caller."""

import asyncio
from collections.abc import Sequence

import pytest

from libs.shared.concurrency.batcher import Batch, Batcher
from libs.shared.errors import RocketError


class Flushes:
    """Doubles numbers; remembers batches. While `gate` is closed, flushes wait."""

    def __init__(self) -> None:
        self.batches: list[tuple[str, list[int]]] = []
        self.running = self.most_running = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, key: str, batch: Batch[int, int]) -> Sequence[int | BaseException]:
        items = batch.take()
        self.batches.append((key, items))
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        await self.gate.wait()
        self.running -= 1
        if 666 in items:
            raise ValueError("the whole batch")
        return [KeyError(item) if item < 0 else item * 2 for item in items]


def batcher(
    flushes: Flushes, serial: bool = False, max_items: int = 3, max_pending: int = 100
) -> Batcher[str, int, int]:
    return Batcher("test", flushes, max_items=max_items, max_pending=max_pending, serial=serial)


@pytest.mark.parametrize("serial", [False, True])
async def test_calls_of_one_turn_are_one_batch_per_key(serial: bool) -> None:
    flushes = Flushes()
    calls = batcher(flushes, serial)
    results = await asyncio.gather(calls.call("a", 1), calls.call("b", 2), calls.call("a", 3))
    assert list(results) == [2, 4, 6]
    assert flushes.batches == [("a", [1, 3]), ("b", [2])]


@pytest.mark.parametrize("serial", [False, True])
async def test_a_batch_is_bounded(serial: bool) -> None:
    flushes = Flushes()
    calls = batcher(flushes, serial)
    results = await asyncio.gather(*(calls.call("a", n) for n in range(8)))
    assert results == [n * 2 for n in range(8)]
    assert [items for _, items in flushes.batches] == [[0, 1, 2], [3, 4, 5], [6, 7]]


@pytest.mark.parametrize(("serial", "most_running"), [(False, 3), (True, 1)])
async def test_serial_flushes_of_a_key_do_not_overlap(serial: bool, most_running: int) -> None:
    flushes = Flushes()
    calls = batcher(flushes, serial)
    flushes.gate.clear()
    first = calls.call("a", 1)
    await asyncio.sleep(0)
    second = calls.call("a", 2)
    await asyncio.sleep(0)
    third = calls.call("a", 3)
    await asyncio.sleep(0)
    flushes.gate.set()
    assert list(await asyncio.gather(first, second, third)) == [2, 4, 6]
    assert flushes.most_running == most_running
    assert flushes.batches == ([("a", [1]), ("a", [2, 3])] if serial else [("a", [1]), ("a", [2]), ("a", [3])])


@pytest.mark.parametrize("serial", [False, True])
async def test_errors_reach_the_callers_they_belong_to(serial: bool) -> None:
    flushes = Flushes()
    calls = batcher(flushes, serial)
    one, other = await asyncio.gather(calls.call("a", -1), calls.call("a", 1), return_exceptions=True)
    assert isinstance(one, KeyError)
    assert other == 2
    outcomes = await asyncio.gather(calls.call("a", 666), calls.call("a", 1), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ValueError, ValueError]
    assert await calls.call("a", 5) == 10


async def test_a_caller_that_gives_up_disturbs_nobody() -> None:
    flushes = Flushes()
    calls = batcher(flushes)
    gone, other = calls.call("a", 1), calls.call("a", 2)
    gone.cancel()
    assert await other == 4


@pytest.mark.parametrize("serial", [False, True])
async def test_calls_beyond_the_bound_are_refused(serial: bool) -> None:
    flushes = Flushes()
    calls = batcher(flushes, serial, max_pending=2)
    waiting = [calls.call("a", 1), calls.call("b", 2)]
    with pytest.raises(RocketError) as refusal:
        calls.call("c", 3)
    assert refusal.value.code == "SERVICE_UNAVAILABLE"
    assert list(await asyncio.gather(*waiting)) == [2, 4]
    assert await calls.call("c", 3) == 6


@pytest.mark.parametrize("serial", [False, True])
async def test_a_cancelled_flush_cancels_its_callers_and_no_later_ones(serial: bool) -> None:
    async def flush(key: str, batch: Batch[int, int]) -> Sequence[int]:
        items = batch.take()
        if 666 in items:
            raise asyncio.CancelledError
        return items

    calls = Batcher[str, int, int]("test", flush, max_items=3, max_pending=100, serial=serial)
    cancelled = calls.call("a", 666)
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    assert await calls.call("a", 1) == 1


async def test_a_batch_is_open_until_it_is_taken() -> None:
    gate, batches = asyncio.Event(), []

    async def flush(key: str, batch: Batch[int, int]) -> Sequence[int]:
        await gate.wait()
        batches.append(batch.take())
        return batch.items

    calls = Batcher[str, int, int]("test", flush, max_items=3, max_pending=100, serial=False)
    first = calls.call("a", 1)
    await asyncio.sleep(0.01)
    second = calls.call("a", 2)
    gate.set()
    assert [await first, await second] == [1, 2]
    assert batches == [[1, 2]]
