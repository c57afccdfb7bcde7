"""How far the log of each app is settled that somebody here watches: one question to data for all of them."""

from __future__ import annotations

import asyncio
import contextlib
import time

import structlog

from libs.shared.bus.rpc.client import RpcClient
from libs.shared.contracts.context import AppRef, system_context
from libs.shared.contracts.live import AwaitCommits
from libs.shared.errors import RocketError

log = structlog.get_logger()

WAIT = 10.0
"""Seconds that data may take its time to answer."""
REST = 30.0
"""Seconds after which an app is left alone that nobody watches."""
PAUSE = 0.25
"""Seconds until a question is asked again that was answered without news, or not at all."""


class _Followed:
    """The settled position of one app, as far as it is known here."""

    def __init__(self, app: AppRef) -> None:
        self.app = app
        self.position = -1
        self.wanted = time.monotonic()
        self.gone = False
        self._moved = asyncio.Event()

    async def beyond(self, after: int) -> int:
        while self.position <= after and not self.gone:
            self.wanted = time.monotonic()
            await self._moved.wait()
        return self.position

    def move(self, position: int) -> None:
        if position > self.position:
            self.position = position
            self.awaken()

    def awaken(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()


class Hub:
    """What is followed by this process."""

    def __init__(self, rpc: RpcClient) -> None:
        self._rpc = rpc
        self._followed: dict[str, _Followed] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.closing = False

    async def beyond(self, app: AppRef, after: int, wait: float) -> int:
        """The settled position of the app's log, once it is beyond `after` or `wait` seconds have passed.

        May be less than `after`, as data may have told others more. -1 if nothing is known yet.
        """
        followed = self._followed.get(app.id)
        if followed is None:
            followed = self._followed[app.id] = _Followed(app)
            task = asyncio.create_task(self._follow(followed))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        followed.wanted = time.monotonic()
        if not self.closing:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await followed.beyond(after)
        return followed.position

    async def close(self) -> None:
        """Let all who wait go on, so that they end; follow nothing any more."""
        self.closing = True
        for followed in self._followed.values():
            followed.gone = True
            followed.awaken()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _follow(self, followed: _Followed) -> None:
        try:
            while time.monotonic() - followed.wanted < REST and not followed.gone:
                if not await self._ask(followed):
                    await asyncio.sleep(PAUSE)
        finally:
            self._followed.pop(followed.app.id, None)

    async def _ask(self, followed: _Followed) -> bool:
        """Ask data once; says whether there was news."""
        before = followed.position
        context = system_context(WAIT + 5, followed.app)
        try:
            settled = await self._rpc.request(AwaitCommits(before, WAIT), context)
        except RocketError as error:
            if error.code == "APP_NOT_FOUND":
                followed.gone = True
                followed.awaken()
            return False
        except Exception as error:
            log.warning("live.not_followed", app_id=followed.app.id, error=type(error).__name__)
            return False
        followed.move(settled.position)
        return settled.position > before
