"""This system: the whole stack, as `make run` starts it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

from bench.load.outcome import Outcome
from bench.operations import READ, TABLES, WRITTEN, Index, Operation, Request, Row
from bench.processes import Parts, parent
from bench.starting import Starts, until_all_ready
from bench.systems import tables
from bench.systems.system import Drive, Target
from deploy.embedded.services import ROCKET
from deploy.embedded.settings import Settings
from deploy.embedded.stack import Stack

APP = "bench"
VARIABLES = {"ROCKET_BCRYPT_ROUNDS": "4", "ROCKET_LOG_LEVEL": "warning"}
FIELDS = (
    {"name": "id", "type": "uuid"},
    {"name": "title", "type": "string", "required": True},
    {"name": "body", "type": "text"},
    {"name": "category", "type": "string", "indexed": True},
    {"name": "rank", "type": "int", "indexed": True},
    {"name": "active", "type": "boolean"},
    {"name": "created_at", "type": "timestamp", "auto": "create"},
    {"name": "updated_at", "type": "timestamp", "auto": "update"},
)


@dataclass(frozen=True)
class RocketApi:
    """docs of the REST API: section 5, records. The limit speaks it too, under another prefix."""

    prefix: str

    def get(self, record_id: str) -> Request:
        return Request("GET", f"{self.prefix}/{READ}/{record_id}")

    def list(self, category: str) -> Request:
        return Request("GET", f"{self.prefix}/{READ}?filter[category]={category}&sort=-rank")

    def create(self, table: str, row: Row) -> Request:
        return Request("POST", f"{self.prefix}/{table}", row)

    def update(self, record_id: str, change: Row) -> Request:
        return Request("PUT", f"{self.prefix}/{WRITTEN}/{record_id}", change)

    def listed(self, answer: Any) -> tuple[int, int]:
        return len(answer["data"]), answer["meta"]["total"]


class MeasuredStack:
    """A running stack with an app for the benchmark, of this checkout or another one."""

    app = APP

    def __init__(self, target: Target, server_url: str) -> None:
        self.target = target
        self.database_url = ""
        self._server_url = server_url

    def _parts(self, pids: Mapping[str, Sequence[int]]) -> Parts:
        """`pids` by name, and the process that the services were forked from."""
        return {**pids, "forkserver": [parent(pid) for pid in pids["gateway"]]}

    async def prepare(self) -> None:
        await self._login(self.app, "admin@localhost")
        await tables.vacuum(self.database_url)

    async def drive(self, operation: Operation, seconds: float, randomness: Random) -> Outcome:
        return await self.target.load(operation, seconds, randomness)

    async def furnish(self, rows: list[Row], index: Index) -> None:
        """Create the app, its two entities and their rows."""
        await self._login("_platform", "platform@localhost")
        made = await self.target.ask(Request("POST", "/api/_platform/apps", {"name": self.app}))
        self.database_url = tables.other_database(self._server_url, made["data"]["db_name"])
        await self._login(self.app, "admin@localhost")
        for table in TABLES:
            await self.target.ask(Request("POST", f"/api/{self.app}/_admin/entities", definition(table)))
            await self.target.send_once([self.target.api.create(table, row) for row in rows])
        if index == "both":
            await tables.index_both(self.database_url)
        await tables.vacuum_by_hand(self.database_url)
        self.target.ids = await tables.ids(self.database_url)

    async def _login(self, realm: str, email: str) -> None:
        self.target.headers = {}
        form = {"email": email, "password": "changeme"}
        pair = await self.target.ask(Request("POST", f"/api/{realm}/auth/login", form))
        self.target.headers = {"Authorization": f"Bearer {pair['data']['access_token']}"}


class Rocket(MeasuredStack):
    """The running stack of this checkout."""

    name = "rocket"

    def __init__(self, stack: Stack, drive: Drive) -> None:
        port = urlsplit(stack.gateway_urls[0]).port
        assert port is not None, "a gateway's address has a port"
        super().__init__(Target(self.name, port, RocketApi(f"/api/{APP}"), drive), stack.database_url)
        self.stack = stack

    def parts(self) -> Parts:
        return self._parts({name: self.stack.pids(name) for name in (*ROCKET.services, "nats", "postgres")})


@contextlib.asynccontextmanager
async def running(folder: Path, drive: Drive) -> AsyncIterator[tuple[Rocket, Starts]]:
    """Start a stack over `folder`, with fsync as in production; return it and the start times of its services."""
    with (folder / "stack.log").open("a") as output:
        stack = Stack(Settings(port=0, data_dir=folder / "rocket"), variables=VARIABLES, output=output)
        began = time.monotonic()
        async with stack:
            urls = {name: stack.http_urls(name)[0] for name in ROCKET.services}
            pids = {name: stack.pids(name)[0] for name in ROCKET.services}
            yield Rocket(stack, drive), await until_all_ready(urls, pids, began)


def definition(table: str) -> Row:
    """An entity with the benchmark's fields."""
    key = {"field": "id", "type": "uuid", "generated": True}
    return {"name": table, "table": table, "primary_key": key, "soft_delete": False, "fields": list(FIELDS)}
