"""The run: two apps, their webhooks, and writes at a steady rate to one after the other."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import aiohttp

from bench.processes import cpu_seconds
from bench.webhooks.settings import Plan
from deploy.embedded.settings import Settings
from deploy.embedded.stack import Stack

VARIABLES = {"ROCKET_BCRYPT_ROUNDS": "4", "ROCKET_LOG_LEVEL": "error"}
HANGING_TIMEOUT = 1.0
"""Seconds that every webhook gives its endpoint, so that those that hang open their circuits in the warm-up."""
PATIENCE = 60.0
"""Seconds in which all deliveries of a round to good endpoints must have arrived."""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Measured:
    """One app's share of a round: deliveries to good endpoints, processor seconds of the webhook service, latencies."""

    deliveries: int
    expected: int
    cpu: float
    latencies: list[float]

    @property
    def per_cpu_second(self) -> float:
        return self.deliveries / self.cpu if self.cpu else 0.0

    @property
    def p99(self) -> float:
        """Seconds from commit to arrival."""
        return quantiles(self.latencies, n=100)[98] if len(self.latencies) > 1 else 0.0


class Bench:
    """A running stack, its receiver, and a session with both."""

    def __init__(self, plan: Plan, stack: Stack, receiver: str, session: aiohttp.ClientSession) -> None:
        self._plan = plan
        self._stack = stack
        self._receiver = receiver
        self._session = session
        self._tokens: dict[str, str] = {}

    async def furnish(self, app: str, bad: float) -> int:
        """An app with its webhooks; answers how many of its endpoints are good."""
        await self._login("_platform", "platform@localhost")
        await self._ask("_platform", "POST", "/apps", {"name": app})
        await self._login(app, "admin@localhost")
        names = [f"thing{n}" for n in range(self._plan.entities)]
        urls = [_path(number, self._plan.endpoints, bad) for number in range(self._plan.endpoints)]
        webhooks = [
            {
                "entity": names[number % len(names)],
                "url": f"{self._receiver}{path}/{number}",
                "timeout": HANGING_TIMEOUT,
                "retry": {"max_attempts": 1},
            }
            for number, path in enumerate(urls)
        ]
        document = {"version": 1, "entities": [_entity(name) for name in names], "webhooks": webhooks}
        await self._ask(app, "POST", "/_admin/import", document)
        return sum(path == "/ok" for path in urls)

    async def write(self, app: str, name: str, writes: int, rate: float) -> None:
        """Write at a rate, to one entity after the other."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number in range(writes):
            await asyncio.sleep(max(0.0, began + number / rate - loop.time()))
            await self._ask(app, "POST", f"/thing{number % self._plan.entities}", {"round": name})

    async def measure(self, app: str, name: str, good: int) -> Measured:
        """One app's share of a round."""
        writes = max(self._plan.entities, round(self._plan.seconds * self._plan.rate))
        writes -= writes % self._plan.entities  # each entity as often
        expected = writes // self._plan.entities * good
        service = {"webhook": self._stack.pids("webhook")}
        before = cpu_seconds(service)["webhook"]
        await self.write(app, name, writes, self._plan.rate)
        latencies = await self.arrived(name, expected)
        return Measured(len(latencies), expected, cpu_seconds(service)["webhook"] - before, latencies)

    async def arrived(self, name: str, expected: int) -> list[float]:
        """The latencies of a round's deliveries, when all have arrived or nothing is to be hoped for."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while True:
            async with self._session.get(f"{self._receiver}/report/{name}") as answer:
                latencies: list[float] = await answer.json()
            if len(latencies) >= expected or asyncio.get_running_loop().time() > deadline:
                return latencies
            await asyncio.sleep(0.1)

    async def _login(self, realm: str, email: str) -> None:
        form = {"email": email, "password": "changeme"}
        answer = await self._ask(realm, "POST", "/auth/login", form)
        self._tokens[realm] = answer["data"]["access_token"]

    async def _ask(self, realm: str, method: str, path: str, body: Any) -> Any:
        headers = {"Authorization": f"Bearer {self._tokens[realm]}"} if realm in self._tokens else {}
        url = f"{self._stack.gateway_urls[0]}/api/{realm}{path}"
        async with self._session.request(method, url, json=body, headers=headers) as answer:
            answer.raise_for_status()
            return await answer.json()


async def run(plan: Plan, folder: Path, tell: Tell) -> list[tuple[Measured, Measured]]:
    """The rounds: with none bad, and with some."""
    async with _bench(plan, folder) as bench:
        good = {"sound": await bench.furnish("sound", 0.0), "ailing": await bench.furnish("ailing", plan.bad)}
        for app in good:
            await bench.write(app, f"warmup-{app}", plan.warmup * plan.entities, plan.rate)
            await bench.arrived(f"warmup-{app}", plan.warmup * good[app])
        rounds = []
        for number in range(plan.rounds):
            # Who comes first changes, as the machine may be getting slower or quicker.
            order = sorted(good, reverse=number % 2 == 0)
            found = {app: await bench.measure(app, f"{app}-{number}", good[app]) for app in order}
            rounds.append((found["sound"], found["ailing"]))
            tell(_line(number, *rounds[-1]))
        return rounds


@contextlib.asynccontextmanager
async def _bench(plan: Plan, folder: Path) -> AsyncIterator[Bench]:
    receiver = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.webhooks.receiver", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert receiver.stdout is not None
    try:
        url = f"http://127.0.0.1:{int(await receiver.stdout.readline())}"
        with (folder / "stack.log").open("a") as output:
            stack = Stack(Settings(port=0, data_dir=folder / "rocket"), variables=VARIABLES, output=output)
            async with stack, aiohttp.ClientSession() as session:
                await stack.ready(60)
                yield Bench(plan, stack, url, session)
    finally:
        receiver.terminate()
        await receiver.wait()


def _path(number: int, count: int, bad: float) -> str:
    """What kind of endpoint is the n-th: the first ones are bad, in turns."""
    if number >= count * bad:
        return "/ok"
    return "/hang" if number % 2 else "/fail"


def _entity(name: str) -> dict[str, Any]:
    key = {"field": "id", "type": "uuid", "generated": True}
    fields = [{"name": "id", "type": "uuid"}, {"name": "round", "type": "string"}]
    return {"name": name, "table": name, "primary_key": key, "soft_delete": False, "fields": fields}


def _line(number: int, sound: Measured, ailing: Measured) -> str:
    def told(measured: Measured) -> str:
        arrived = f"{measured.deliveries}/{measured.expected}"
        middle = median(measured.latencies or [0.0]) * 1000
        speed = f"{measured.per_cpu_second:.0f}/CPU-s"
        return f"{arrived} delivered, {speed}, p50 {middle:.0f} ms, p99 {measured.p99 * 1000:.0f} ms"

    return f"round {number}: none bad: {told(sound)}; some bad: {told(ailing)}"
