"""A NATS server without users, for tests that put a proxy between it and the services or kill it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from deploy.embedded.nats import binary
from deploy.embedded.ports import remembered
from libs.shared.testing.polling import eventually


class BareNats:
    """One server over a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)
        self._port = remembered(folder, "nats")
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Start it; answers when it takes connections."""
        self._process = await asyncio.create_subprocess_exec(
            str(binary()), "-a", "127.0.0.1", "-p", str(self._port), "-js", "-sd", str(self._folder),
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        await eventually(self._answers)

    async def kill(self) -> None:
        """SIGKILL, and gone."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def _answers(self) -> bool:
        _, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.close()
        return True


@contextlib.asynccontextmanager
async def bare_nats(folder: Path) -> AsyncIterator[BareNats]:
    """A server for the length of the block."""
    server = BareNats(folder)
    await server.start()
    try:
        yield server
    finally:
        await server.kill()
