"""Kills, restarts, pauses and cuts under a mixed load on four apps; afterwards each effect exists exactly once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.chaos.mixed_load import TOLD, TRIGGERING, Load, define
from tests.support.app_database import app_row, queried
from tests.support.bare_nats import BareNats, bare_nats
from tests.support.client import Client
from tests.support.proxies import Proxy, proxied
from tests.support.receivers import HttpReceiver
from tests.support.replays import verified
from tests.support.stacks import calling, running
from tests.support.streams import published

SECONDS = float(os.environ.get("CHAOS_SECONDS", "15"))
VERIFIED = 60.0 + SECONDS
"""Seconds that verifying one projection may take: the longer the trouble, the more there is to verify."""
SEED = int(os.environ.get("CHAOS_SEED", "7"))
APPS, WRITERS = 4, 3
SERVICES = ("gateway", "metadata", "data", "workflow", "webhook", "notify", "events")
REPLICAS = {"data": 2}
CUT_OFF = ("data", "events", "webhook", "gateway")
SHORT, LONG = 0.3, 2.0
"""Seconds of a pause or a cut, and between two troubles."""


async def test_each_effect_happens_exactly_once_under_faults(tmp_path: Path, receiver: HttpReceiver) -> None:
    async with (
        bare_nats(tmp_path / "bus") as server,
        proxied(server.url) as (proxy, url),
        _stack(tmp_path, url) as stack,
        calling(stack) as anonymous,
    ):
        apps = [await anonymous.new_app() for _ in range(APPS)]
        for admin in apps:
            await define(admin, receiver)
        loads = [Load(admin, SEED + n) for n, admin in enumerate(apps)]
        troubles = await _trouble(stack, server, proxy, loads)
        await stack.ready(60)
        for load in loads:
            load.admin = await load.admin.renewed()
            await _check(stack, load)
        changes = [await _changes_of_orders(stack, admin) for admin in apps]
        for load, events in zip(loads, changes, strict=True):
            admin = load.admin = await load.admin.renewed()
            await _check_instances(stack, admin, events)
            await _check_notifications(stack, admin, events)
            await verified(admin, "webhook", "workflow", "notify", within=VERIFIED)
        await _check_webhooks(changes, receiver)
        commits = sum(len(load.acknowledged) for load in loads)
        outcomes = sum((load.outcomes for load in loads), Counter[int]())
        print(f"{commits} commits in {SECONDS / 60:.1f} min, {dict(troubles)}, answers {dict(outcomes)}")


@contextlib.asynccontextmanager
async def _stack(folder: Path, url: str) -> AsyncIterator[Stack]:
    variables = {"ROCKET_LOG_LEVEL": "error", "ROCKET_WEBHOOK_RETRY_SECONDS": "0.2"}
    async with running(folder, replicas=REPLICAS, variables=variables, nats_url=url) as stack:
        yield stack


async def _trouble(stack: Stack, server: BareNats, proxy: Proxy, loads: list[Load]) -> Counter[str]:
    """All writers, and one trouble after the other beside them; answers how many of which kind there were."""
    writing = [asyncio.create_task(load.write(n)) for load in loads for n in range(WRITERS)]
    await eventually(lambda: all(load.acknowledged for load in loads), within=30)
    dice, told = random.Random(SEED), Counter[str]()
    kinds = ["kill"] * 5 + ["pause", "pause", "cut", "cut", "nats", "postgres"]
    deadline = asyncio.get_running_loop().time() + SECONDS
    waiting = dice.sample(kinds, len(kinds))
    while asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(dice.uniform(SHORT, 1.0))
        kind = waiting.pop() if waiting else dice.choice(kinds)
        told[kind] += 1
        await _one_trouble(kind, stack, server, proxy, dice)
        failed = [task for task in writing if task.done()]
        assert not failed, failed[0].exception()
    for load in loads:
        load.stopped = True
    await asyncio.gather(*writing)
    return told


async def _one_trouble(kind: str, stack: Stack, server: BareNats, proxy: Proxy, dice: random.Random) -> None:
    match kind:
        case "kill":
            service = dice.choice(SERVICES)
            replica = dice.randrange(REPLICAS.get(service, 1))
            await _up(stack, service)
            await stack.kill(service, replica)
        case "pause":
            service = dice.choice(SERVICES)
            await _up(stack, service)
            stack.pause(service)
            await asyncio.sleep(dice.uniform(SHORT, LONG))
            stack.resume(service)
        case "cut":
            name = f"rocket-{dice.choice(CUT_OFF)}"
            proxy.cut(name)
            await asyncio.sleep(dice.uniform(SHORT, LONG))
            proxy.heal(name)
        case "nats":
            await server.kill()
            await server.start()
        case "postgres":
            await stack.stop("postgres")
            await stack.start("postgres")


async def _up(stack: Stack, service: str) -> None:
    """What was killed before has to be there again; the supervisor waits longer from death to death."""
    await eventually(lambda: len(stack.pids(service)) == REPLICAS.get(service, 1), within=60)


async def _check(stack: Stack, load: Load) -> None:
    """The log has every acknowledged commit; stream, tables and audit are what the log says; nothing is parked."""
    admin = load.admin

    async def writes_again() -> bool:
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            return (await admin.post("/item", {"sku": "last"})).status == 201
        return False

    await eventually(writes_again, within=30, every=0.1)
    log = await _log(stack, admin)
    assert len(set(load.acknowledged)) == len(load.acknowledged)
    assert set(load.acknowledged) <= {position for position, _ in log}
    app = await app_row(stack, admin)
    events = await published(stack, app["id"], len(log), within=60)
    assert [(event["position"], event["n"]) for event in events] == log
    versions: dict[tuple[str, str], list[int]] = defaultdict(list)
    for event in events:
        versions[event["entity"], event["record_id"]].append(event["version"])
    assert all(found == list(range(1, len(found) + 1)) for found in versions.values())
    await verified(admin, "log", "records", "audit", within=VERIFIED)
    assert (await admin.get("/_admin/dead-letters")).expect(200).data == []


async def _log(stack: Stack, admin: Client) -> list[tuple[int, int]]:
    """The places of all entries; none is added any more."""
    rows = await _rows(stack, admin, "SELECT position, n FROM data.commits ORDER BY position, n")
    return [(position, n) for position, n in rows]


async def _rows(stack: Stack, admin: Client, statement: str) -> list[Any]:
    """What a query finds in an app's database."""
    return await queried(stack, (await app_row(stack, admin))["database"], statement)


async def _changes_of_orders(stack: Stack, admin: Client) -> list[Any]:
    """What the stream tells of orders; it has all of the log."""
    return await published(stack, (await app_row(stack, admin))["id"], 1, entity="order")


async def _check_instances(stack: Stack, admin: Client, events: list[Any]) -> None:
    """Each order that came into the triggering state started one workflow, and nothing else did."""
    started = {
        (event["record_id"], f"{event['position']}.{event['n']}"): 1
        for event in events
        if event["changed"].get("state", {}).get("new") == TRIGGERING
    }
    assert started, "the load has to start some"
    await _exactly(stack, admin, "SELECT record_id, commit_key FROM workflow.instances", started)


async def _check_notifications(stack: Stack, admin: Client, events: list[Any]) -> None:
    """Each change of an order was told once to each user who is to know, and no other was."""
    told = {(event["record_id"], event["trace_id"], user): 1 for event in events for user in TOLD}
    assert len(told) == len(events) * len(TOLD), "a request changes an order once"
    found = "SELECT record_id, trace_id, split_part(recipient, '@', 1) FROM notify.notifications"
    await _exactly(stack, admin, found, told)
    assert (await _rows(stack, admin, "SELECT FROM notify.notifications WHERE subject = 'refused'")) == []


async def _exactly(stack: Stack, admin: Client, statement: str, expected: dict[Any, int]) -> None:
    """A query comes to find each of these as often as is said, and nothing else."""
    found: Counter[Any] = Counter()

    async def all_there() -> bool:
        nonlocal found
        found = Counter(await _rows(stack, admin, statement))
        return found.keys() >= expected.keys()

    await eventually(all_there, within=60, every=0.2)
    assert not (found - Counter(expected)), "nothing twice, and nothing else"


async def _check_webhooks(changes: list[list[Any]], receiver: HttpReceiver) -> None:
    """Each change of an order was told, always with the same id and words; what was refused never was."""
    expected = sum(len(events) for events in changes)
    told: dict[str, Any] = {}

    def all_told() -> bool:
        for _, payload in receiver.requests:
            assert told.setdefault(payload["idempotency_key"], payload) == payload
        return len(told) >= expected

    await eventually(all_told, within=60, every=0.2)
    assert len(told) == expected
    assert "refused" not in {payload["record"]["title"] for payload in told.values()}
