"""`python -m bench.workflows`: what many waiting instances cost, how late timers are, how fast decisions are.

One system with an app whose instances are started by bulk writes. Figures of one run are compared with one another:
an idle system with and without waiting instances, a decision about a long history and about a short one.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import aiohttp
import asyncpg

from bench.__main__ import folder_of, tell
from bench.processes import cpu_seconds
from deploy.embedded.settings import Settings
from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually

VARIABLES = {"ROCKET_BCRYPT_ROUNDS": "4", "ROCKET_LOG_LEVEL": "error"}
APP = "bench"
ROWS_AT_ONCE = 500
SETTLE_TIMEOUT_S = 600.0
PARTS = ("workflow", "postgres", "nats")
"""The parts whose processor time an idle system is measured by."""


@dataclass(frozen=True)
class Plan:
    """One run. `lead_s` are the seconds from the last start of a timer to the moment when all are due."""

    instances: int = 10_000
    timers: int = 1_000
    decisions: int = 1_000
    at_once: int = 16
    history: int = 1_000
    steps: int = 60
    idle_s: float = 30.0
    lead_s: float = 20.0
    replicas: int = 2


QUICK = Plan(instances=100, timers=50, decisions=40, history=60, steps=6, idle_s=2.0, lead_s=4.0, replicas=1)


def waiting(name: str, role: str, **more: Any) -> dict[str, Any]:
    """A workflow that waits for an approval of each new record."""
    step = {"id": "ask", "type": "approval", "assignee": {"type": "role", "role": role}, **more}
    return {"name": name, "trigger": {"type": "record_created", "entity": name}, "steps": [step], "notify": False}


TIMED = {
    "name": "timed", "trigger": {"type": "record_created", "entity": "timed"}, "context": {"at": "record.at"},
    "steps": [{"id": "rest", "type": "wait", "until": "context.at", "then": {"goto": "note"}},
              {"id": "note", "type": "set", "values": {"done": "true"}}],
}  # fmt: skip
# How late the timers were, in seconds; each instance leaves its wait once.
LATENESS = """
SELECT extract(epoch FROM h.at - (i.context ->> 'at')::timestamptz)::float AS late
FROM workflow.history h JOIN workflow.instances i ON i.id = h.instance_id
WHERE i.workflow_name = 'timed' AND h.kind = 'left' AND h.step = 'rest'
"""
STARTED = "SELECT count(*) FROM workflow.instances WHERE workflow_name = $1"
ENTRIES = "SELECT count(*) FROM workflow.history WHERE instance_id = $1::text::uuid"


class WorkflowBench:
    """A running system, with an app to measure."""

    def __init__(self, plan: Plan, stack: Stack, session: aiohttp.ClientSession) -> None:
        self._plan, self._stack, self._session = plan, stack, session
        self._token = ""
        self._database: asyncpg.Connection[Any]

    async def furnish(self) -> None:
        """Create the app with its entities and workflows."""
        self._token = await self._login("_platform", "platform@localhost")
        await self._ask("POST", "/apps", {"name": APP}, realm="_platform")
        self._token = await self._login(APP, "admin@localhost")
        again = {"on_reject": {"goto": "ask"}}
        document = {
            "version": 1,
            "entities": [_entity("thing", "string"), _entity("chat", "string"), _entity("timed", "timestamp")],
            "workflows": [waiting("thing", "boss"), waiting("chat", "boss", **again), TIMED],
        }
        await self._ask("POST", "/_admin/import", document)
        platform = await asyncpg.connect(_sibling(self._stack.database_url, "rocket"))
        name = await platform.fetchval("SELECT database FROM metadata.apps WHERE name = $1", APP)
        await platform.close()
        self._database = await asyncpg.connect(_sibling(self._stack.database_url, name))

    async def close(self) -> None:
        await self._database.close()

    async def idle(self) -> float:
        """Processor seconds of the workflow service, PostgreSQL and NATS in a second of rest."""
        parts = {name: self._stack.pids(name) for name in PARTS}
        before = cpu_seconds(parts)
        await asyncio.sleep(self._plan.idle_s)
        after = cpu_seconds(parts)
        return sum(after[name] - before[name] for name in PARTS) / self._plan.idle_s

    async def start(self, entity: str, count: int, at: str = "x") -> float:
        """Start instances by new records; returns how many started a second."""
        began = time.monotonic()
        for done in range(0, count, ROWS_AT_ONCE):
            rows = [{"at": at}] * min(ROWS_AT_ONCE, count - done)
            await self._ask("POST", f"/{entity}/_bulk", rows)
        await self._until(lambda: self._counts(STARTED, entity), count)
        return count / (time.monotonic() - began)

    async def timers(self) -> Sequence[float]:
        """How late each timer was, of many that are due at once."""
        at = (datetime.now(UTC) + timedelta(seconds=self._plan.lead_s)).replace(microsecond=0).isoformat()
        await self.start("timed", self._plan.timers, at)
        await self._until(self._left, self._plan.timers)
        late = [row["late"] for row in await self._database.fetch(LATENESS)]
        assert len(late) == self._plan.timers, f"{len(late)} of {self._plan.timers} timers have fired"
        return late

    async def decisions(self) -> tuple[float, Sequence[float]]:
        """Decisions a second, by several callers at once, and how long each took."""
        path = "/_workflows?workflow=thing&status=running&per_page=100&sort=created_at"
        ids: list[str] = []
        for page in range(1, self._plan.decisions // 100 + 2):
            ids += [each["id"] for each in (await self._ask("GET", f"{path}&page={page}"))["data"]]
        queue, took = ids[: self._plan.decisions], list[float]()

        async def decide() -> None:
            while queue:
                began = time.monotonic()
                await self._ask("POST", f"/_workflows/{queue.pop()}/approve", {})
                took.append(time.monotonic() - began)

        began = time.monotonic()
        await asyncio.gather(*(decide() for _ in range(self._plan.at_once)))
        return len(took) / (time.monotonic() - began), took

    async def histories(self) -> tuple[float, int]:
        """How long a decision takes for a long history, measured by one for a short history, in turns.

        A rejection leads to the same approval again. Returns the ratio of the medians and the longer history's entries.
        """
        await self.start("chat", 1 + self._plan.steps)
        rows = (await self._ask("GET", "/_workflows?workflow=chat&per_page=100"))["data"]
        long, *short = [each["id"] for each in rows]
        while await self._counts(ENTRIES, long) < self._plan.history:
            await self._reject(long)
        pairs = [(await self._reject(long), await self._reject(each)) for each in short[: self._plan.steps]]
        ratio = median(first for first, _ in pairs) / median(second for _, second in pairs)
        return ratio, await self._counts(ENTRIES, long)

    async def _reject(self, instance_id: str) -> float:
        began = time.monotonic()
        body = {"ids": [instance_id], "decision": "reject"}
        (result,) = (await self._ask("POST", "/_workflows/_bulk", body))["data"]["results"]
        assert result["status"] == "ok", result
        return time.monotonic() - began

    async def _counts(self, sql: str, *values: Any) -> int:
        return int(await self._database.fetchval(sql, *values))

    async def _left(self) -> int:
        return len(await self._database.fetch(LATENESS))

    async def _until(self, count: Callable[[], Awaitable[int]], expected: int) -> None:
        async def reached() -> bool:
            return await count() >= expected

        await eventually(reached, within=SETTLE_TIMEOUT_S)

    async def _login(self, realm: str, email: str) -> str:
        answer = await self._ask("POST", "/auth/login", {"email": email, "password": "changeme"}, realm=realm)
        return str(answer["data"]["access_token"])

    async def _ask(self, method: str, path: str, body: Any = None, realm: str = APP) -> Any:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        url = f"{self._stack.gateway_urls[0]}/api/{realm}{path}"
        async with self._session.request(method, url, json=body, headers=headers) as answer:
            answer.raise_for_status()
            return await answer.json()


async def measured(plan: Plan, folder: Path) -> None:
    """One run, told line by line."""
    with (folder / "stack.log").open("a") as output:
        settings = Settings(port=0, data_dir=folder / "rocket")
        replicas = {"workflow": plan.replicas}
        stack = Stack(settings, variables=VARIABLES, replicas=replicas, output=output)
        async with stack, aiohttp.ClientSession() as session:
            await stack.ready(120)
            bench = WorkflowBench(plan, stack, session)
            await bench.furnish()
            await _tell_all(plan, bench)
            await bench.close()


async def _tell_all(plan: Plan, bench: WorkflowBench) -> None:
    tell(f"{plan.replicas} replicas of the workflow service")
    empty = await bench.idle()
    rate = await bench.start("thing", plan.instances)
    tell(f"{plan.instances} instances started, {rate:.0f} a second, each waits for an approval")
    full = await bench.idle()
    parts = ", ".join(PARTS)
    tell(f"idle ({parts}): {empty * 1000:.1f} ms/s without, {full * 1000:.1f} ms/s with them: {full / empty:.2f} times")
    late = await bench.timers()
    worst = ", ".join(f"{name} {value:.2f} s" for name, value in _spread(late).items())
    tell(f"{plan.timers} timers due in the same second, each fired once; late by {worst}")
    speed, took = await bench.decisions()
    spread = ", ".join(f"{name} {value * 1000:.0f} ms" for name, value in _spread(took).items())
    tell(f"{plan.decisions} decisions by {plan.at_once} callers: {speed:.0f} a second; {spread}")
    ratio, entries = await bench.histories()
    tell(f"a decision after {entries} entries of history, by one after about 10: {ratio:.2f} times")


def _spread(values: Sequence[float]) -> dict[str, float]:
    cuts = quantiles(values, n=100)
    return {"p50": cuts[49], "p99": cuts[98], "at most": max(values)}


def _entity(name: str, kind: str) -> dict[str, Any]:
    key = {"field": "id", "type": "uuid", "generated": True}
    fields = [{"name": "id", "type": "uuid"}, {"name": "at", "type": kind}]
    return {"name": name, "table": f"{name}s", "primary_key": key, "soft_delete": False, "fields": fields}


def _sibling(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


def parse(arguments: Sequence[str] | None = None) -> Plan:
    """The plan of a command line; `--quick` has the defaults of a smoke run."""
    parser = argparse.ArgumentParser(prog="python -m bench.workflows", description="Many instances of workflows.")
    parser.add_argument("--quick", action="store_true", help="a smoke run: small and short, its figures mean nothing")
    for name, value in vars(Plan()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), help=f"{value} by default")
    given = {name: value for name, value in vars(parser.parse_args(arguments)).items() if value is not None}
    return replace(QUICK if given.pop("quick") else Plan(), **given)


def main() -> int:
    """Run and tell."""
    plan = parse()
    with folder_of(None) as folder:
        asyncio.run(measured(plan, folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
