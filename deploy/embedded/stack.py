"""The whole of Rocket on one machine, as one object: the table of contents of this folder."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self, TextIO

from deploy.embedded import datadir, nats, ports, postgres, services
from deploy.embedded.console import Console
from deploy.embedded.credentials import Credentials, load_or_create
from deploy.embedded.environment import Told
from deploy.embedded.forkserver import Forkserver
from deploy.embedded.nats import Nats
from deploy.embedded.postgres import Postgres
from deploy.embedded.readiness import until_http_ready
from deploy.embedded.services import ROCKET, Program, Replica
from deploy.embedded.settings import Settings, refuse_taken_port
from deploy.embedded.supervised import Supervised


class Stack:
    """Starts, supervises and stops Postgres, NATS and the services; used by `make run` and by tests.

    `replicas` is the number of replicas per service (default 1); `variables` are further environment variables, beside
    the caller's own; `postgres_options` are server settings, name -> value; `program` names the services to run: tests
    of the supervisor run services of their own.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        replicas: Mapping[str, int] | None = None,
        variables: Mapping[str, str] | None = None,
        postgres_options: Mapping[str, str] | None = None,
        program: Program = ROCKET,
        output: TextIO | None = None,
    ) -> None:
        self.settings = settings
        self._program = program
        self._wanted = services.numbered(replicas or {}, program.services)
        self._inherited = {**os.environ, **(variables or {})}
        self._postgres_options = postgres_options
        self._forkserver = Forkserver(program.modules())
        self._console = Console(output or sys.stdout, width=max(map(len, (*program.services, "postgres"))) + 2)
        self._nats_url: Callable[[str], str] = lambda _: settings.nats_url or ""
        self._told = Told(settings, Credentials(), settings.database_url or "", self._nats_url, "", {})
        self._parts: dict[tuple[str, int], Supervised] = {}
        self._replicas: list[Replica] = []
        self._exits = AsyncExitStack()

    # --- life -------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Start everything. Raises CannotStart and leaves nothing running if that fails."""
        try:
            await self._start()
        except BaseException:
            await self._exits.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything within 10 s: gateways, the other services, NATS, Postgres."""
        await self._exits.aclose()

    async def ready(self, within: float = 60.0) -> None:
        """Return when every gateway answers 200 on /readyz. Raises CannotStart after `within` seconds."""
        await until_http_ready([f"{url}/readyz" for url in self.gateway_urls], within)

    def kill_now(self) -> None:
        """Kill everything without waiting; the data survives as after a power cut."""
        for part in self._parts.values():
            part.kill_now()
        self._forkserver.kill_now()

    # --- operations on one part: a service, "postgres" or "nats" ----------------------------------

    async def start(self, name: str, replica: int = 0) -> None:
        """Start a part that was stopped."""
        await self._part(name, replica).start()

    async def stop(self, name: str, replica: int = 0) -> None:
        """Stop a part by signals, then by force; it stays down until `start`."""
        await self._part(name, replica).stop()

    async def kill(self, name: str, replica: int = 0) -> None:
        """Send SIGKILL; the supervisor restarts it."""
        await self._part(name, replica).kill()

    def pause(self, name: str, replica: int = 0) -> None:
        """SIGSTOP."""
        self._part(name, replica).pause()

    def resume(self, name: str, replica: int = 0) -> None:
        """SIGCONT."""
        self._part(name, replica).resume()

    def _part(self, name: str, replica: int) -> Supervised:
        try:
            return self._parts[name, replica]
        except KeyError:
            raise LookupError(f"this stack runs no {name} with number {replica}") from None

    # --- facts about it ---------------------------------------------------------------------------

    @property
    def database_url(self) -> str:
        """An administrator's DSN of the maintenance database."""
        return self._told.database_url

    @property
    def nats_url(self) -> str:
        """NATS as its operator, who may read everything and change nothing; or as it was given."""
        return self._nats_url(nats.OPERATOR)

    def nats_url_of(self, service: str) -> str:
        """NATS as the user of a service, with its rights."""
        return self._nats_url(service)

    @property
    def nats_address(self) -> str:
        """NATS without a user."""
        return self._told.nats_public_url

    @property
    def gateway_urls(self) -> list[str]:
        """One base URL per gateway replica, such as http://127.0.0.1:8080."""
        return self.http_urls("gateway")

    def http_urls(self, service: str) -> list[str]:
        """The base URL of each replica's own HTTP server (health and metrics; the gateway's: all)."""
        host = _as_client(self.settings.host) if service == "gateway" else ports.LOCALHOST
        return [f"http://{host}:{r.http_port}" for r in self._replicas if r.service == service]

    def pids(self, name: str) -> list[int]:
        """The process ids of a part's replicas that are up, by number."""
        pids = [part.pid for (part_name, _), part in self._parts.items() if part_name == name]
        return [pid for pid in pids if pid is not None]

    # --- how it is started ------------------------------------------------------------------------

    async def _start(self) -> None:
        data_dir = self._exits.enter_context(datadir.held(self.settings.data_dir))
        refuse_taken_port(self.settings.host, self.settings.port)
        former = self._inherited.get("ROCKET_SECRET_KEY")
        credentials = load_or_create(data_dir, self._program.services, nats.USERS, former)
        self._exits.push_async_callback(self._forkserver.close)
        await self._forkserver.open()
        database_url, nats_address = await self._start_servers(credentials)
        self._told = Told(self.settings, credentials, database_url, self._nats_url, nats_address, self._inherited)
        await services.run_migrate(self._program, self._told, self._forkserver, self._console)
        await self._start_services()

    async def _start_servers(self, credentials: Credentials) -> tuple[str, str]:
        """Start both at once, unless they are given; return their addresses. Postgres stops last."""
        database = Postgres(self.settings.data_dir, credentials.postgres, self._postgres_options)
        bus = Nats(self.settings.data_dir, credentials.nats_users, credentials.subscribers)
        parts = []
        if self.settings.database_url is None:
            parts.append(Supervised("postgres", database.launch, postgres.FAREWELLS, self._console.print))
        if self.settings.nats_url is None:
            parts.append(Supervised("nats", bus.launch, nats.FAREWELLS, self._console.print))
            self._nats_url = lambda user: bus.url_of(user if user in nats.USERS else nats.OPERATOR)
        for part in parts:
            self._parts[part.name, 0] = part
            self._exits.push_async_callback(part.stop)
        await _all(part.start() for part in parts)
        return self.settings.database_url or database.url, self.settings.nats_url or bus.url

    async def _start_services(self) -> None:
        """Start all at once. Gateways stop first, so that requests under way are still answered."""
        self._replicas = [Replica(name, n, self._http_port(name, n)) for name, n in self._wanted]
        for replica in self._replicas:
            part = services.supervised(replica, self._program, self._told, self._forkserver, self._console)
            self._parts[replica.service, replica.number] = part
        gateways = [self._parts["gateway", r.number] for r in self._replicas if r.service == "gateway"]
        others = [self._parts[r.service, r.number] for r in self._replicas if r.service != "gateway"]
        self._exits.push_async_callback(_stop_all, others)
        self._exits.push_async_callback(_stop_all, gateways)
        await _all(part.start() for part in (*others, *gateways))

    def _http_port(self, name: str, number: int) -> int:
        if name == "gateway" and number == 0 and self.settings.port:
            return self.settings.port
        return ports.remembered(self.settings.data_dir, f"{name}/{number}")


async def _all(starts: Iterable[Coroutine[None, None, None]]) -> None:
    """Wait for all of them even if one fails, so that nothing is half-started during the clean-up."""
    for result in await asyncio.gather(*starts, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result


async def _stop_all(parts: Sequence[Supervised]) -> None:
    await asyncio.gather(*(part.stop() for part in parts))


def _as_client(host: str) -> str:
    """The address at which a client on this machine reaches a server that listens on `host`."""
    if host in ("0.0.0.0", "::"):  # noqa: S104  compared, not bound
        return ports.LOCALHOST
    return f"[{host}]" if ":" in host else host
