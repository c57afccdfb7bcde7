"""The four operations, each as short as it can be."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import orjson
from aiohttp import web

from bench.operations import PAGE
from bench.statements import Template, Templates, compile_all
from libs.shared.ids import uuid7

META = b'{"data":%s,"meta":{"page":1,"per_page":%d,"total":%d}}'


class Limit:
    """Handlers over one pool, which opens when the server starts."""

    pool: asyncpg.Pool
    templates: Templates

    async def get(self, request: web.Request) -> web.Response:
        row = await self._run(self.templates["get"], {"id": uuid.UUID(request.match_info["id"])})
        return _json(b'{"data":%s}' % row["record"].encode())

    async def list(self, request: web.Request) -> web.Response:
        row = await self._run(self.templates["list"], {"category": request.query["filter[category]"]})
        return _json(META % (row["records"].encode(), PAGE, row["total"]))

    async def create(self, request: web.Request) -> web.Response:
        body = orjson.loads(await request.read())
        row = await self._run(self.templates["create"], {**body, "id": uuid7(), **_command()})
        return _json(b'{"data":%s}' % row["record"].encode(), 201)

    async def update(self, request: web.Request) -> web.Response:
        body = orjson.loads(await request.read())
        given = {**body, "id": uuid.UUID(request.match_info["id"]), **_command()}
        row = await self._run(self.templates["update"], given)
        return _json(b'{"data":%s}' % row["record"].encode())

    async def _run(self, template: Template, given: dict[str, Any]) -> Any:
        return await self.pool.fetchrow(template.sql, *template.filled(given))


def application(dsn: str, connections: int) -> web.Application:
    """The routes, and the pool while they are served."""
    app, limit = web.Application(), Limit()

    async def opened(_: web.Application) -> AsyncIterator[None]:
        async with asyncpg.create_pool(dsn, min_size=connections, max_size=connections, reset=_no_reset) as pool:
            async with pool.acquire() as connection:
                limit.templates = await compile_all(connection)
            limit.pool = pool
            yield

    app.cleanup_ctx.append(opened)
    app.router.add_get("/{table}/{id}", limit.get)
    app.router.add_get("/{table}", limit.list)
    app.router.add_post("/{table}", limit.create)
    app.router.add_put("/{table}/{id}", limit.update)
    return app


def _command() -> dict[str, uuid.UUID]:
    return {"commit": uuid7(), "trace": uuid.uuid4()}


def _json(body: bytes, status: int = 200) -> web.Response:
    return web.Response(status=status, body=body, content_type="application/json")


async def _no_reset(_: Any) -> None:
    """In place of asyncpg's reset query."""
