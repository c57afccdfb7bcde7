"""The stack with one app: `entry` of many rows, `order` with its `line`s; and PocketBase with a similar collection."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from bench.systems import pocketbase, rocket, tables
from bench.systems.pocketbase import SUPERUSER
from bench.systems.system import Drive
from deploy.embedded.stack import Stack

APP = "large"
CATEGORIES = 20
BULK = 10_000
"""Rows of a bulk request: the limit."""
LIMIT = aiohttp.ClientTimeout(total=600)

Row = dict[str, Any]


@dataclass
class Peer:
    """A server that is used over HTTP."""

    session: aiohttp.ClientSession
    url: str
    headers: dict[str, str]

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The parsed answer. Raises RuntimeError for anything but success."""
        data = None if body is None else orjson.dumps(body)
        headers = {**self.headers, "Content-Type": "application/json"}
        async with self.session.request(method, self.url + path, data=data, headers=headers) as response:
            answer = await response.read()
            if response.status >= 300:
                raise RuntimeError(f"{method} {path} answered {response.status}: {answer[:300]!r}")
            return orjson.loads(answer) if answer else None


@dataclass
class World:
    """The systems of the measurements."""

    stack: Stack
    rocket: Peer
    database_url: str
    pocketbase: Peer


def entries(start: int, count: int) -> list[Row]:
    """Rows of `entry`; amounts are scattered."""
    return [
        {
            "number": n,
            "title": f"Entry number {n}",
            "category": f"c{n % CATEGORIES}",
            "amount": n * 7_919 % 1_000_003,
            "active": n % 3 == 0,
        }
        for n in range(start, start + count)
    ]


def order(number: int, children: int) -> Row:
    """An order with its lines."""
    lines = [{"sku": f"sku-{number}-{n}", "quantity": n + 1} for n in range(children)]
    return {"title": f"Order {number}", "lines": {"data": lines}}


@contextlib.asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[World]:
    """Both systems running, with empty tables."""
    drive = Drive(32, "own", folder)
    async with contextlib.AsyncExitStack() as exits:
        main, _ = await exits.enter_async_context(rocket.running(folder, drive))
        peer = await exits.enter_async_context(pocketbase.running(folder, drive))
        session = await exits.enter_async_context(aiohttp.ClientSession(timeout=LIMIT))
        ours, database_url = await _rocket(session, main.stack)
        yield World(main.stack, ours, database_url, await _pocketbase(session, peer))


async def _rocket(session: aiohttp.ClientSession, stack: Stack) -> tuple[Peer, str]:
    root = Peer(session, stack.gateway_urls[0], {})
    platform = await _login(root, "/api/_platform", "platform@localhost")
    made = await platform.ask("POST", "/api/_platform/apps", {"name": APP})
    admin = await _login(root, f"/api/{APP}", "admin@localhost")
    ours = Peer(session, f"{root.url}/api/{APP}", admin.headers)
    for definition in DEFINITIONS:
        await ours.ask("POST", "/_admin/entities", definition)
    relation = {"name": "lines", "type": "one_to_many", "source": "order", "target": "line", "target_key": "order_id"}
    await ours.ask("POST", "/_admin/relations", {**relation, "on_delete": "cascade"})
    return ours, tables.other_database(stack.database_url, made["data"]["db_name"])


async def _login(root: Peer, realm: str, email: str) -> Peer:
    pair = await root.ask("POST", f"{realm}/auth/login", {"email": email, "password": "changeme"})
    return Peer(root.session, root.url, {"Authorization": f"Bearer {pair['data']['access_token']}"})


async def _pocketbase(session: aiohttp.ClientSession, peer: pocketbase.PocketBase) -> Peer:
    """PocketBase with batches allowed, of the same size as ours."""
    root = Peer(session, f"http://127.0.0.1:{peer.served.port}/api", {})
    form = {"identity": SUPERUSER[0], "password": SUPERUSER[1]}
    token = (await root.ask("POST", "/collections/_superusers/auth-with-password", form))["token"]
    root.headers = {"Authorization": f"Bearer {token}"}
    settings = {"enabled": True, "maxRequests": BULK, "timeout": 120, "maxBodySize": 64 * 2**20}
    await root.ask("PATCH", "/settings", {"batch": settings})
    for name, fields in COLLECTIONS.items():
        await root.ask("POST", "/collections", {"name": name, "type": "base", "fields": fields})
    return root


def _entity(name: str, key: Row, *fields: Row) -> Row:
    return {
        "name": name,
        "table": f"{name}_table",
        "primary_key": {"field": "id", "type": key["type"], "generated": True},
        "soft_delete": False,
        "fields": [{"name": "id", "type": key["type"]}, *fields],
    }


BIGINT, UUID = {"type": "bigint"}, {"type": "uuid"}
DEFINITIONS = (
    _entity(
        "entry",
        BIGINT,
        {"name": "number", "type": "int"},
        {"name": "title", "type": "string", "required": True},
        {"name": "category", "type": "string", "indexed": True},
        {"name": "amount", "type": "int"},
        {"name": "active", "type": "boolean"},
    ),
    _entity("order", UUID, {"name": "title", "type": "string"}),
    _entity(
        "line",
        UUID,
        {"name": "sku", "type": "string", "required": True},
        {"name": "quantity", "type": "int"},
        {"name": "order_id", "type": "uuid"},
    ),
)
COLLECTIONS: dict[str, Sequence[Row]] = {
    "entry": (
        {"name": "number", "type": "number", "onlyInt": True},
        {"name": "title", "type": "text", "required": True},
        {"name": "category", "type": "text"},
        {"name": "amount", "type": "number", "onlyInt": True},
        {"name": "active", "type": "bool"},
    ),
    "line": ({"name": "sku", "type": "text"}, {"name": "quantity", "type": "number"}),
}
