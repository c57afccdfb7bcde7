"""The platform's own processes: migrate and the services, forked from the forkserver."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from deploy.embedded import environment
from deploy.embedded.console import Console
from deploy.embedded.environment import Told
from deploy.embedded.errors import CannotStart
from deploy.embedded.forkserver import Forkserver
from deploy.embedded.process import Process
from deploy.embedded.supervised import Farewell, Supervised, describe

# Imported once, before the forks. A missing module only costs each service time; none
# of them starts a thread when imported (a thread would not survive the fork).
LIBRARIES = (
    *("aiohttp.web", "asyncpg", "nats", "nats.micro", "pydantic_settings", "structlog", "orjson"),
    *("uvloop", "yaml", "lark", "re2", "obstore", "jwt", "bcrypt", "aiosmtplib"),
    *("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http.trace_exporter"),
    *("libs.shared.runtime", "libs.shared.runtime.run"),
)
FAREWELLS = (Farewell(signal.SIGTERM, 2.5),)


@dataclass(frozen=True)
class Program:
    """The program to run: `services` are modules of `package`, `migrate` is a module or None."""

    services: Sequence[str]
    package: str = "services"
    migrate: str | None = "deploy.migrate"

    def modules(self) -> list[str]:
        """The modules that the forkserver imports before it forks."""
        own = [f"{self.package}.{service}.service" for service in self.services]
        libraries = LIBRARIES if self.package == "services" else ()
        return [*libraries, *own, *([self.migrate] if self.migrate else [])]


ROCKET = Program(("gateway", "metadata", "data", "workflow", "webhook", "notify", "events"))


@dataclass(frozen=True)
class Replica:
    """One process of a service: its number, counted from 0, and the port of its own HTTP server."""

    service: str
    number: int
    http_port: int

    @property
    def label(self) -> str:
        """Its name in the output: `data`, `data/1`."""
        return self.service if self.number == 0 else f"{self.service}/{self.number}"


def supervised(replica: Replica, program: Program, told: Told, forkserver: Forkserver, console: Console) -> Supervised:
    """A supervised service, started like `python -m <package>.<service>`, only faster."""
    module = f"{program.package}.{replica.service}"

    async def launch() -> Process:
        variables = environment.for_replica(replica.service, replica.number, replica.http_port, told)
        return await forkserver.fork(module, variables, console.printer(replica.label))

    return Supervised(replica.label, launch, FAREWELLS, console.print)


async def run_migrate(program: Program, told: Told, forkserver: Forkserver, console: Console) -> None:
    """Bring the databases up to date. Raises CannotStart with the job's last lines."""
    if program.migrate is None:
        return
    job = await forkserver.fork(program.migrate, environment.for_migrate(told), console.printer("migrate"))
    if (status := await job.wait()) != 0:
        raise CannotStart(f"migrate failed ({describe(status)}): {' / '.join(job.tail()[-3:])}")


def numbered(counts: Mapping[str, int], services: Iterable[str]) -> list[tuple[str, int]]:
    """(service, number) of every replica; a service without a count has one."""
    return [(service, number) for service in services for number in range(counts.get(service, 1))]
