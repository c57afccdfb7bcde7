"""The run: two systems with an app and its webhooks each, and writes at a steady rate to one after the other."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import aiohttp

from bench.processes import Parts, cpu_seconds, parent
from bench.webhooks.settings import Plan
from deploy.embedded.services import ROCKET
from deploy.embedded.settings import Settings
from deploy.embedded.stack import Stack

VARIABLES = {"ROCKET_BCRYPT_ROUNDS": "4", "ROCKET_LOG_LEVEL": "error"}
HANGING_TIMEOUT = 1.0
"""The timeout of every webhook in seconds, short enough to open circuits of hanging endpoints in the warm-up."""
PATIENCE = 60.0
"""Seconds for all deliveries of a round to good endpoints to arrive."""
SETTLING = 2.0
"""Seconds after the last arrival that still count, equal for both: outcomes are recorded after arrivals."""
APP = "bench"
SERVICE = "webhook"

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Measured:
    """One system's share of a round: deliveries to good endpoints, processor seconds by part, latencies."""

    deliveries: int
    expected: int
    cpu: Mapping[str, float]
    latencies: Sequence[float]

    @property
    def per_service_second(self) -> float:
        """Deliveries per processor second of the webhook service."""
        return self.deliveries / self.cpu[SERVICE] if self.cpu[SERVICE] else 0.0

    @property
    def per_system_second(self) -> float:
        """Deliveries per processor second of all services, PostgreSQL and NATS."""
        return self.deliveries / total if (total := sum(self.cpu.values())) else 0.0

    @property
    def p99(self) -> float:
        """Seconds from commit to arrival."""
        return quantiles(self.latencies, n=100)[98] if len(self.latencies) > 1 else 0.0


@dataclass(frozen=True)
class Pair:
    """The same measurement with all endpoints good, and with some bad."""

    sound: Measured
    ailing: Measured

    @property
    def service_ratio(self) -> float:
        return self.ailing.per_service_second / self.sound.per_service_second

    @property
    def system_ratio(self) -> float:
        return self.ailing.per_system_second / self.sound.per_system_second

    @property
    def p99_ratio(self) -> float:
        return self.ailing.p99 / self.sound.p99


@dataclass(frozen=True)
class Results:
    """`opening`: the warm-up, in which bad endpoints are called until their circuits open."""

    opening: Pair
    rounds: Sequence[Pair]


class Bench:
    """A running system with its app, the receiver, and a session for both."""

    def __init__(self, plan: Plan, stack: Stack, receiver: str, session: aiohttp.ClientSession, bad: float) -> None:
        self._plan = plan
        self._stack = stack
        self._receiver = receiver
        self._session = session
        self._tokens: dict[str, str] = {}
        self._kinds = [_kind(number, plan, bad) for number in range(plan.endpoints)]
        self.name = "ailing" if bad else "sound"

    async def furnish(self) -> None:
        """Create the app with its webhooks."""
        await self._login("_platform", "platform@localhost")
        await self._ask("_platform", "POST", "/apps", {"name": APP})
        await self._login(APP, "admin@localhost")
        names = [f"thing{n}" for n in range(self._plan.entities)]
        webhooks = [
            {
                "entity": names[number % len(names)],
                "url": f"{self._receiver}/{kind}/{number}",
                "timeout": HANGING_TIMEOUT,
                "retry": {"max_attempts": 1},
            }
            for number, kind in enumerate(self._kinds)
        ]
        document = {"version": 1, "entities": [_entity(name) for name in names], "webhooks": webhooks}
        await self._ask(APP, "POST", "/_admin/import", document)

    async def measure(self, number: str, writes: int) -> Measured:
        """Write to each entity in turn, at the plan's rate, until all consequences are done."""
        name, loop = f"{self.name}-{number}", asyncio.get_running_loop()
        expected = writes * self._kinds.count("ok")
        before = cpu_seconds(self._parts())
        began = loop.time()
        for place in range(writes * self._plan.entities):
            await asyncio.sleep(max(0.0, began + place / self._plan.rate - loop.time()))
            await self._ask(APP, "POST", f"/thing{place % self._plan.entities}", {"round": name})
        latencies = await self._arrived(name, expected)
        await asyncio.sleep(SETTLING)
        cpu = {part: seconds - before[part] for part, seconds in cpu_seconds(self._parts()).items()}
        return Measured(len(latencies), expected, cpu, latencies)

    async def _arrived(self, name: str, expected: int) -> list[float]:
        """The latencies of a round's deliveries, once all have arrived or time is up."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while True:
            async with self._session.get(f"{self._receiver}/report/{name}") as answer:
                latencies: list[float] = await answer.json()
            if len(latencies) >= expected or asyncio.get_running_loop().time() > deadline:
                return latencies
            await asyncio.sleep(0.1)

    def _parts(self) -> Parts:
        services = {name: self._stack.pids(name) for name in ROCKET.services}
        forkserver = [parent(pid) for pid in services["gateway"]]
        return {**services, "forkserver": forkserver, **{name: self._stack.pids(name) for name in ("nats", "postgres")}}

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


async def run(plan: Plan, folder: Path, tell: Tell) -> Results:
    """The warm-up, and the rounds."""
    for name in ("sound", "ailing"):
        _make_folder(folder / name)
    async with (
        _receiver() as receiver,
        _system(plan, folder / "sound", receiver, 0.0) as sound,
        _system(plan, folder / "ailing", receiver, plan.bad) as ailing,
    ):
        for bench in (sound, ailing):
            await bench.furnish()
        opening = Pair(await sound.measure("opening", plan.warmup), await ailing.measure("opening", plan.warmup))
        tell(_line("warm-up", opening))
        rounds = []
        for number in range(plan.rounds):
            # The order alternates, because the machine may be getting slower or faster.
            order = (sound, ailing) if number % 2 else (ailing, sound)
            found = {bench.name: await bench.measure(str(number), plan.writes) for bench in order}
            rounds.append(Pair(found["sound"], found["ailing"]))
            tell(_line(f"round {number}", rounds[-1]))
        return Results(opening, rounds)


def _make_folder(folder: Path) -> None:
    """Create a folder that Postgres can pass through, which may run as another user."""
    folder.mkdir()
    folder.chmod(0o755)


@contextlib.asynccontextmanager
async def _receiver() -> AsyncIterator[str]:
    """Run the endpoints in a process of their own; return their URL."""
    receiver = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.webhooks.receiver", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert receiver.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(await receiver.stdout.readline())}"
    finally:
        receiver.terminate()
        await receiver.wait()


@contextlib.asynccontextmanager
async def _system(plan: Plan, folder: Path, receiver: str, bad: float) -> AsyncIterator[Bench]:
    """A ready system: one each, so that later work of bad endpoints never counts for the other one."""
    with (folder / "stack.log").open("a") as output:
        stack = Stack(Settings(port=0, data_dir=folder / "rocket"), variables=VARIABLES, output=output)
        async with stack, aiohttp.ClientSession() as session:
            await stack.ready(60)
            yield Bench(plan, stack, receiver, session, bad)


def _kind(number: int, plan: Plan, bad: float) -> str:
    """The kind of the n-th endpoint: the first ones are bad, for the entities in turn."""
    if number >= plan.endpoints * bad:
        return "ok"
    return "hang" if number // plan.entities % 2 else "fail"


def _entity(name: str) -> dict[str, Any]:
    key = {"field": "id", "type": "uuid", "generated": True}
    fields = [{"name": "id", "type": "uuid"}, {"name": "round", "type": "string"}]
    return {"name": name, "table": name, "primary_key": key, "soft_delete": False, "fields": fields}


def _line(name: str, pair: Pair) -> str:
    def told(measured: Measured) -> str:
        arrived = f"{measured.deliveries}/{measured.expected}"
        middle = median(measured.latencies or [0.0]) * 1000
        speed = f"{measured.per_service_second:.0f} ({measured.per_system_second:.0f})/CPU-s"
        return f"{arrived} delivered, {speed}, p50 {middle:.0f} ms, p99 {measured.p99 * 1000:.0f} ms"

    return f"{name}: none bad: {told(pair.sound)}; some bad: {told(pair.ailing)}"
