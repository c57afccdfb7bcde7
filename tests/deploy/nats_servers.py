"""NATS servers with the configuration of deploy/nats, on free ports of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path

from deploy import issuer
from deploy.embedded.nats import binary
from deploy.embedded.ports import remembered
from libs.shared.bus.nats.connection import Connection, connect
from libs.shared.contracts.operations import SERVICES
from libs.shared.testing.polling import eventually
from tests.support.checkout import ROOT

NATS = ROOT / "deploy/nats"
PASSWORD = "0123456789abcdef"
"""Looks like a number; the quotes around it in the environment see to it that it is none."""
SUBSCRIBERS_SECRET = "a-secret-of-subscribers"
USERS = (*SERVICES, "operator", "cluster")


@contextlib.asynccontextmanager
async def single(folder: Path) -> AsyncIterator[str]:
    """One server with server.conf; its address, without a user."""
    client, monitor = (remembered(folder, name) for name in ("client", "monitor"))
    ports = {"0.0.0.0:4222": f"127.0.0.1:{client}", "0.0.0.0:8222": f"127.0.0.1:{monitor}"}
    async with _server(folder, "server.conf", ports, {}):
        yield f"127.0.0.1:{client}"


@contextlib.asynccontextmanager
async def cluster(folder: Path) -> AsyncIterator[list[tuple[str, asyncio.subprocess.Process]]]:
    """Three servers with cluster.conf: address and process of each."""
    routes = [remembered(folder, f"route-{number}") for number in range(3)]
    addresses = {
        f"NATS_ROUTE_{number}": f'"nats://cluster:{PASSWORD}@127.0.0.1:{port}"' for number, port in enumerate(routes)
    }
    async with contextlib.AsyncExitStack() as running:
        servers = []
        for number, route in enumerate(routes):
            client, monitor = (remembered(folder, f"{name}-{number}") for name in ("client", "monitor"))
            ports = {
                "0.0.0.0:4222": f"127.0.0.1:{client}",
                "0.0.0.0:8222": f"127.0.0.1:{monitor}",
                "0.0.0.0:6222": f"127.0.0.1:{route}",
            }
            home = folder / f"nats-{number}"
            home.mkdir()
            process = await running.enter_async_context(_server(home, "cluster.conf", ports, addresses))
            servers.append((f"127.0.0.1:{client}", process))
        yield servers


@contextlib.asynccontextmanager
async def connected(address: str, user: str) -> AsyncIterator[Connection]:
    """A connection as this user, established."""
    async with connect(f"nats://{user}:{PASSWORD}@{address}", user) as connection:
        await asyncio.wait_for(connection.established(), 20)
        yield connection


def environment() -> dict[str, str]:
    """What the configuration takes from the environment, as compose.yaml and the StatefulSet give it."""
    return {f"NATS_PASSWORD_{user.upper()}": f'"{PASSWORD}"' for user in USERS}


@contextlib.asynccontextmanager
async def _server(
    folder: Path, config: str, ports: dict[str, str], addresses: dict[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    text = (NATS / config).read_text(encoding="utf-8").replace("store_dir: /data", f'store_dir: "{folder}/data"')
    for written, taken in ports.items():
        assert written in text
        text = text.replace(written, taken)
    (folder / config).write_text(text)
    shutil.copy(NATS / "accounts.conf", folder)
    (folder.parent / "nats-issuer").mkdir(exist_ok=True)
    (folder.parent / "nats-issuer/issuer.conf").write_text(issuer.line(SUBSCRIBERS_SECRET))
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            str(binary()),
            *("--config", str(folder / config)),
            env={**os.environ, **environment(), **addresses, "NATS_SERVER_NAME": folder.name},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    host, _, port = ports["0.0.0.0:4222"].partition(":")
    try:
        await eventually(lambda: _listens(host, int(port)))
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _listens(host: str, port: int) -> bool:
    with socket.create_connection((host, port), 1):
        return True
