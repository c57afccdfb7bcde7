"""The start times of services, from outside: until their own /readyz succeeds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp

from bench.processes import age, stat_of

ASK_AGAIN = 0.01
PATIENCE = 90.0


@dataclass(frozen=True)
class Start:
    """Seconds from a process's start until it is ready, and the processor time it took."""

    seconds: float
    cpu_seconds: float


@dataclass(frozen=True)
class Starts:
    """`total` runs from nothing until every service is ready: servers and migration included."""

    total: float
    services: Mapping[str, Start]


async def until_all_ready(urls: Mapping[str, str], pids: Mapping[str, int], began: float) -> Starts:
    """Poll all of them until they are ready. Raises TimeoutError."""
    async with asyncio.timeout(PATIENCE), aiohttp.ClientSession() as client:
        names = list(urls)
        found = await asyncio.gather(*(until_ready(client, urls[name], pids[name]) for name in names))
    return Starts(time.monotonic() - began, dict(zip(names, found, strict=True)))


async def until_ready(client: aiohttp.ClientSession, url: str, pid: int) -> Start:
    """Poll one service until it is ready."""
    while not await _is_ready(client, f"{url}/readyz"):  # noqa: ASYNC110  another process: no event
        await asyncio.sleep(ASK_AGAIN)
    stat = stat_of(pid)
    return Start(age(stat), stat.cpu_seconds)


async def _is_ready(client: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with client.get(url) as response:
            return response.status == 200
    except aiohttp.ClientError:
        return False
