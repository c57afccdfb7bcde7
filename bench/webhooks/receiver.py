"""The endpoints, all of them in a process of their own: good ones, ones that fail, ones that hang."""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import datetime

import orjson
from aiohttp import web

HANGING = 60.0


class Endpoints:
    """`/ok/…` answers 200 and records the time since the commit; `/fail/…` answers 500, `/hang/…` nothing."""

    def __init__(self) -> None:
        self.latencies: dict[str, list[float]] = {}

    async def ok(self, request: web.Request) -> web.Response:
        payload = orjson.loads(await request.read())
        committed = datetime.fromisoformat(payload["timestamp"]).timestamp()
        self.latencies.setdefault(payload["record"]["round"], []).append(time.time() - committed)
        return web.Response()

    async def fail(self, request: web.Request) -> web.Response:
        return web.Response(status=500)

    async def hang(self, request: web.Request) -> web.Response:
        await asyncio.sleep(HANGING)
        return web.Response()

    async def report(self, request: web.Request) -> web.Response:
        return web.json_response(self.latencies.get(request.match_info["round"], []))


async def serve() -> None:
    """Serve on a free port, which is printed, until the process ends."""
    endpoints, application = Endpoints(), web.Application()
    application.router.add_route("*", "/ok/{name}", endpoints.ok)
    application.router.add_route("*", "/fail/{name}", endpoints.fail)
    application.router.add_route("*", "/hang/{name}", endpoints.hang)
    application.router.add_get("/report/{round}", endpoints.report)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve())
