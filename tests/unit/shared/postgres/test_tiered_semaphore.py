"""A semaphore with tiers, for holders that need further permits."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from libs.shared.postgres.tiered_semaphore import REQUEST, STATEMENT, TRANSACTION, TieredSemaphore


def until(seconds: float = 10.0) -> float:
    return asyncio.get_running_loop().time() + seconds


@pytest.mark.parametrize("limit", [3, 4, 9, 12])
async def test_holders_can_acquire_further_permits(limit: int) -> None:
    """Far more of each kind than there are places, in several shares of one budget; each waits within another."""
    budget, shares = TieredSemaphore(limit), [TieredSemaphore(limit), TieredSemaphore(limit)]
    randomness = Random(limit)

    async def use(kind: int) -> None:
        share = randomness.choice(shares)
        assert await share.wait(kind, until()) and await budget.wait(kind, until())
        await asyncio.sleep(0)
        for further in range(kind):
            await use(further)
        budget.leave(kind)
        share.leave(kind)

    await asyncio.gather(*(use(randomness.choice((STATEMENT, TRANSACTION, REQUEST))) for _ in range(300)))
    assert budget.is_unused and all(share.is_unused for share in shares)


def test_each_tier_leaves_permits_to_lower_tiers() -> None:
    permits = TieredSemaphore(4)
    assert [permits.take(REQUEST) for _ in range(3)] == [True, True, False]
    assert [permits.take(TRANSACTION) for _ in range(2)] == [True, False]
    assert [permits.take(STATEMENT) for _ in range(2)] == [True, False]


def test_statements_may_use_all_permits() -> None:
    permits = TieredSemaphore(3)
    assert [permits.take(STATEMENT) for _ in range(4)] == [True, True, True, False]


async def test_the_longest_waiter_is_served_first() -> None:
    permits, came = TieredSemaphore(3), list[str]()
    assert permits.take(TRANSACTION) and permits.take(TRANSACTION) and permits.take(STATEMENT)

    async def wait(name: str, kind: int) -> None:
        assert await permits.wait(kind, until())
        came.append(name)

    waiting = []
    for name, kind in (("transaction", TRANSACTION), ("first", STATEMENT), ("second", STATEMENT)):
        waiting.append(asyncio.create_task(wait(name, kind)))
        await asyncio.sleep(0)
    permits.leave(STATEMENT)
    await waiting[1]
    permits.leave(TRANSACTION)
    await waiting[0]
    permits.leave(STATEMENT)
    await waiting[2]
    assert came == ["first", "transaction", "second"]


async def test_a_cancelled_waiter_keeps_no_permit() -> None:
    permits = TieredSemaphore(1)
    assert permits.take(STATEMENT)
    assert not await permits.wait(STATEMENT, until(0))
    waiting = asyncio.create_task(permits.wait(STATEMENT, until()))
    await asyncio.sleep(0)
    permits.leave(STATEMENT)
    waiting.cancel()  # at the moment when it has its place
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert permits.is_unused
