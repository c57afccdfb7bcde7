"""Probes of readiness share checks."""

from __future__ import annotations

import asyncio

import pytest

from libs.shared.contracts.operations import Readiness
from libs.shared.testing.polling import eventually
from services.gateway.limits.readiness import SharedReadiness, States


class Checks:
    """Counts checks; each waits until it is let go."""

    def __init__(self) -> None:
        self.begun = 0
        self.go = asyncio.Event()

    async def __call__(self, alone: bool) -> States:
        self.begun += 1
        await self.go.wait()
        return {"gateway" if alone else "all": Readiness(True, {"number": str(self.begun)})}


async def test_simultaneous_probes_share_one_check_and_the_next_one_is_new() -> None:
    shared, checks = SharedReadiness(), Checks()
    probes = [asyncio.create_task(shared.states(False, checks)) for _ in range(50)]
    await asyncio.sleep(0)
    probes[0].cancel()
    checks.go.set()
    assert len([await probe for probe in probes[1:]]) == 49
    assert checks.begun == 1

    async def checked_again() -> bool:
        return (await shared.states(False, checks))["all"].checks["number"] == "2"

    await eventually(checked_again)


async def test_the_gateway_alone_is_another_check() -> None:
    shared, checks = SharedReadiness(), Checks()
    checks.go.set()
    assert set(await shared.states(True, checks)) == {"gateway"}
    assert set(await shared.states(False, checks)) == {"all"}


async def test_a_failed_check_is_told_to_its_askers_and_not_kept_for_ever() -> None:
    shared, checks = SharedReadiness(), Checks()
    checks.go.set()

    async def failing(alone: bool) -> States:
        raise RuntimeError("no connection")

    with pytest.raises(RuntimeError):
        await shared.states(True, failing)

    async def recovered() -> bool:
        try:
            return (await shared.states(True, checks))["gateway"].ready
        except RuntimeError:
            return False

    await eventually(recovered)
