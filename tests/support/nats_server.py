"""A NATS server without restrictions, for tests with streams of their own."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

from deploy.embedded.nats import binary
from libs.shared.testing.polling import eventually


@contextlib.asynccontextmanager
async def unguarded(folder: Path) -> AsyncIterator[str]:
    """Its address; it is there for the length of the block, with JetStream in `folder`."""
    arguments = ("-a", "127.0.0.1", "-p", "-1", "--jetstream", "--store_dir", str(folder / "streams"))
    with (folder / "nats.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            str(binary()), *arguments, "--ports_file_dir", str(folder), stdout=log, stderr=log
        )
    try:
        yield await eventually(lambda: _address(folder), within=20)
    finally:
        process.terminate()
        await process.wait()


def _address(folder: Path) -> str:
    """As the server has written it, once it listens."""
    [written] = folder.glob("nats-server_*.ports")
    return str(json.loads(written.read_text())["nats"][0])
