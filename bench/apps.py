"""`python -m bench.apps`: the cost of many apps on one machine, and the speed of reads over all of them.

--apps 200 --seconds 10 --connections 32    a typical run
--connections-per-process 12                `database_connections` of each service
--quick                                     a smoke run whose figures mean nothing
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import asyncpg

from bench.load import running
from bench.markdown import megabytes, number, table
from bench.processes import Memory, memory
from bench.systems.rocket import Rocket, definition
from bench.systems.system import Drive
from deploy.embedded.services import ROCKET
from deploy.embedded.settings import Settings
from deploy.embedded.stack import Stack

ENTITY = "item"
AT_ONCE = 2
"""Apps created at once: copying the template uses a core, and there are at least two."""
SETTLE = 5.0
"""Seconds for background work of creating apps to end before anything is measured."""
TIMEOUT = aiohttp.ClientTimeout(total=60)
TOLD = 20
"""Apps between two lines of progress; creating them takes most of the run."""


@dataclass(frozen=True)
class Plan:
    """One run."""

    apps: int
    seconds: float
    connections: int
    connections_per_process: int


@dataclass(frozen=True)
class App:
    """An app with one record: its path and a token."""

    url: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Reads:
    """Milliseconds of each get, and the number of responses other than 200."""

    times: Sequence[float]
    failures: int
    seconds: float

    def percentile(self, share: float) -> float:
        """The time below which this share of the gets stayed."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def main() -> None:
    plan = parse()
    with tempfile.TemporaryDirectory(prefix="rocket-apps-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        asyncio.run(measure(plan, folder))


def parse(arguments: Sequence[str] | None = None) -> Plan:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.apps", description=__doc__)
    parser.add_argument("--apps", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--connections-per-process", type=int, default=12)
    parser.add_argument("--quick", action="store_true")
    wish = vars(parser.parse_args(arguments))
    if wish.pop("quick"):
        wish |= {"apps": 5, "seconds": 1.0, "connections": 4}
    return Plan(**wish)


async def measure(plan: Plan, folder: Path) -> None:
    """Start, create the apps, measure, read, measure again, print."""
    variables = {
        "ROCKET_BCRYPT_ROUNDS": "4",
        "ROCKET_LOG_LEVEL": "warning",
        "ROCKET_DATABASE_CONNECTIONS": str(plan.connections_per_process),
        "ROCKET_REQUEST_TIMEOUT": "60",  # creating an app copies a database, which can take long on a slow disk
    }
    with (folder / "stack.log").open("a") as output:
        stack = Stack(Settings(port=0, data_dir=folder / "rocket"), variables=variables, output=output)
        async with stack, aiohttp.ClientSession(timeout=TIMEOUT, connector=aiohttp.TCPConnector(limit=0)) as client:
            await stack.ready(120)
            system = Rocket(stack, Drive(plan.connections, running.chosen("own"), folder))
            empty = memory(system.parts())
            apps, making = await make_apps(client, stack.gateway_urls[0], plan.apps)
            await asyncio.sleep(SETTLE)
            full = memory(system.parts())
            one = await read([apps[0]], client, plan)
            spread = await read(apps, client, plan)
            connections = await connections_of(stack)
            report(plan, making, (empty, full, memory(system.parts())), (one, spread), connections)


async def make_apps(client: aiohttp.ClientSession, url: str, count: int) -> tuple[list[App], float]:
    """Create apps with an entity and a record each; return them and the seconds it took."""
    began = time.monotonic()
    platform = await login(client, url, "_platform", "platform@localhost")
    turns = asyncio.Semaphore(AT_ONCE)
    times: list[float] = []

    async def make(number: int) -> App:
        async with turns:
            start = time.monotonic()
            name = f"app-{number}"
            await ask(client, "POST", f"{url}/api/_platform/apps", platform, {"name": name})
            headers = await login(client, url, name, "admin@localhost")
            await ask(client, "POST", f"{url}/api/{name}/_admin/entities", headers, definition(ENTITY))
            made = await ask(client, "POST", f"{url}/api/{name}/{ENTITY}", headers, {"title": f"of {name}"})
            times.append(time.monotonic() - start)
            if len(times) % TOLD == 0:
                last = sum(times[-TOLD:]) / TOLD
                print(
                    f"{len(times)} of {count} apps after {time.monotonic() - began:.0f} s, lately {last:.2f} s each",
                    flush=True,
                )
            return App(f"{url}/api/{name}/{ENTITY}/{made['data']['id']}", headers)

    apps = await asyncio.gather(*(make(number) for number in range(count)))
    return apps, time.monotonic() - began


async def login(client: aiohttp.ClientSession, url: str, realm: str, email: str) -> dict[str, str]:
    """Log in and return the request headers."""
    form = {"email": email, "password": "changeme"}
    pair = await ask(client, "POST", f"{url}/api/{realm}/auth/login", {}, form)
    return {"Authorization": f"Bearer {pair['data']['access_token']}"}


async def ask(client: aiohttp.ClientSession, method: str, url: str, headers: dict[str, str], body: Any) -> Any:
    """Send a request that must succeed; return the response."""
    async with client.request(method, url, headers=headers, json=body) as response:
        if response.status >= 300:
            raise AssertionError(f"{method} {url}: {response.status} {await response.text()}")
        return await response.json()


async def read(apps: Sequence[App], client: aiohttp.ClientSession, plan: Plan) -> Reads:
    """Gets by several clients, each of the next app in a fixed random order."""
    order = list(apps)
    Random(1).shuffle(order)
    turns, times, failures = itertools.cycle(order), [], 0
    end = time.monotonic() + plan.seconds

    async def work() -> int:
        failed = 0
        while time.monotonic() < end:
            app, began = next(turns), time.perf_counter()
            async with client.get(app.url, headers=app.headers) as response:
                await response.read()
                failed += response.status != 200
            times.append((time.perf_counter() - began) * 1000)
        return failed

    failures = sum(await asyncio.gather(*(work() for _ in range(plan.connections))))
    return Reads(times, failures, plan.seconds)


async def connections_of(stack: Stack) -> dict[str, int]:
    """The current connections of each service to Postgres."""
    connection = await asyncpg.connect(stack.database_url)
    try:
        rows = await connection.fetch("SELECT usename, count(*) FROM pg_stat_activity GROUP BY 1")
    finally:
        await connection.close()
    found = {row["usename"]: row["count"] for row in rows if row["usename"]}
    return {service: found.get(f"rocket_{service}", 0) for service in ROCKET.services}


def report(
    plan: Plan,
    making: float,
    memories: Sequence[dict[str, Memory]],
    reads: tuple[Reads, Reads],
    connections: dict[str, int],
) -> None:
    """Print the results."""
    one, spread = reads
    print(f"{plan.apps} apps, {plan.connections} clients, {plan.connections_per_process} connections a process")
    print(f"made in {number(making)} s, {number(making / plan.apps * 1000)} ms each\n")
    rows = [
        [what, number(len(r.times) / r.seconds), *(number(r.percentile(p)) for p in (0.5, 0.99)), str(r.failures)]
        for what, r in (("one app", one), ("all apps", spread))
    ]
    print(table(("gets of", "per second", "p50 ms", "p99 ms", "not 200"), rows), "\n")
    parts = [
        [name, *(megabytes(found[name].pss) for found in memories), str(connections.get(name, "–"))]
        for name in memories[0]
    ]
    total = [megabytes(sum(m.pss for m in found.values())) for found in memories]
    parts.append(["all", *total, str(sum(connections.values()))])
    print(table(("memory of", "without apps", "with apps", "after the reads", "connections"), parts))
    print(
        "\n" + json.dumps({"apps": plan.apps, "p99_ms": round(spread.percentile(0.99), 2), "failures": spread.failures})
    )


if __name__ == "__main__":
    main()
