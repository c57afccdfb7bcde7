"""Wait for a server by asking it, and notice if it dies."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence

import aiohttp

from deploy.embedded.errors import CannotStart
from deploy.embedded.process import Process

POLL_INTERVAL_S = 0.02
HTTP_POLL_INTERVAL_S = 0.05
READY = "ready"


async def until_ready(name: str, process: Process, is_ready: Callable[[], Awaitable[bool]], within: float) -> None:
    """Return when `is_ready` returns true. A server that is not ready after `within` seconds is killed.

    Raises CannotStart with the server's last lines if it dies or takes too long.
    """
    ended = asyncio.ensure_future(process.wait())
    try:
        async with asyncio.timeout(within):
            await _poll(name, process, is_ready, ended)
    except BaseException as error:
        process.send(signal.SIGKILL)
        if isinstance(error, TimeoutError):
            raise CannotStart(f"{name} is not ready after {within:.0f} s: {_last_words(process)}") from None
        raise
    finally:
        ended.cancel()


async def _poll(
    name: str, process: Process, is_ready: Callable[[], Awaitable[bool]], ended: asyncio.Future[int]
) -> None:
    while not await is_ready():
        await asyncio.wait([ended], timeout=POLL_INTERVAL_S)
        if ended.done():
            raise CannotStart(f"{name} did not start: {_last_words(process)}")


def _last_words(process: Process) -> str:
    return " / ".join(process.tail()[-3:]) or "it wrote nothing"


async def until_http_ready(urls: Sequence[str], within: float) -> None:
    """Return when each URL has answered 200. Raises CannotStart with the last response after `within` s."""
    response = "no answer yet"
    try:
        async with asyncio.timeout(within), aiohttp.ClientSession() as client:
            for url in urls:
                while (response := await _get(client, url)) != READY:  # noqa: ASYNC110  another process: no event
                    await asyncio.sleep(HTTP_POLL_INTERVAL_S)
    except TimeoutError:
        raise CannotStart(f"not ready after {within:.0f} s: {response}") from None


async def _get(client: aiohttp.ClientSession, url: str) -> str:
    try:
        async with client.get(url) as response:
            return READY if response.status == 200 else f"{url}: {response.status} {await response.text()}"
    except aiohttp.ClientError as error:
        return f"{url}: {error}"
