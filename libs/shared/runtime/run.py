"""The start and the shutdown of every service: settings → logging → resources → endpoints → consumers → drain."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import structlog
import uvloop
from pydantic import ValidationError

from libs.shared.bus.apps import Apps
from libs.shared.bus.consumers.subscription import Subscription
from libs.shared.bus.nats.connection import connect
from libs.shared.bus.nats.jetstream import JetStream
from libs.shared.bus.outbox.transactions import Transactions
from libs.shared.bus.rpc.client import RpcClient
from libs.shared.bus.rpc.nats_transport import NatsTransport
from libs.shared.bus.rpc.server import RpcServer
from libs.shared.bus.rpc.signed_contexts import ContextVerifier
from libs.shared.bus.standstills import Standstills, reason_of
from libs.shared.bus.timers.due import Due
from libs.shared.bus.timers.leases import Leases
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.messages import Request
from libs.shared.contracts.schemas import SchemaChanged
from libs.shared.postgres.databases import Databases
from libs.shared.process_title import set_process_title
from libs.shared.replays import endpoints as replaying
from libs.shared.replays.worker import Replays
from libs.shared.runtime import dead_letters, health, logging, outboxes
from libs.shared.runtime.idempotency import honouring
from libs.shared.runtime.service import Core, Service
from libs.shared.runtime.settings import Settings
from libs.shared.snapshots.cache import Schemas
from libs.shared.telemetry import otlp
from libs.shared.telemetry.metrics import metrics
from libs.shared.telemetry.shipping import Shipper
from libs.shared.telemetry.tracing import recording

log = structlog.get_logger()

VERSION = "0.1.0"
PRIVATE_UMASK = 0o077
"""Other users of the machine can't read the files a service writes."""
GC_THRESHOLDS = (20_000, 20, 50)
"""Thresholds of the cyclic garbage collector."""
S = TypeVar("S")


def run(service: Service[Any]) -> None:
    """Run a service until SIGTERM or SIGINT, then drain it. Exits with 2 when its settings are wrong."""
    os.umask(PRIVATE_UMASK)
    set_process_title(service.name)
    settings = load_settings(service)
    logging.configure(service.name, settings.log_format, settings.log_level)
    for former, present in settings.former_names_in_use():
        log.warning("setting.former_name", former=former, present=present)
    # Requests make few cycles; looking for them as often as by default costs several per cent.
    gc.set_threshold(*GC_THRESHOLDS)
    uvloop.run(_run(service, settings))


def load_settings(service: Service[Any]) -> Settings:
    """The service's settings. Exits with 2 and one line per wrong setting if they are invalid."""
    try:
        return service.settings()
    except ValidationError as error:
        for problem in error.errors():
            name = ".".join(str(part) for part in problem["loc"])
            print(f"{service.name}: setting {name or 'check'}: {problem['msg']}", file=sys.stderr)
        raise SystemExit(2) from None


async def _run(service: Service[Any], settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with core(service.name, settings) as parts, service.open(parts) as state:
        starting = asyncio.create_task(_start(service, parts, state))
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({starting, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done() and (error := starting.exception()):
            raise error
        await stopped
        log.info("service.stopping")
        if not starting.done():
            starting.cancel()
            return
        await _stop(starting.result(), parts, settings)
    log.info("service.stopped")


@contextlib.asynccontextmanager
async def core(name: str, settings: Settings) -> AsyncIterator[Core]:
    """The resources every service has, closed in reverse order."""
    databases = Databases(settings.database_url, settings.database_connections, settings.database_servers)
    async with connect(settings.nats_url, f"rocket-{name}") as connection:
        transport = NatsTransport(connection)
        rpc = RpcClient(transport)
        leases = Leases(databases, name, f"{name}/{settings.replica}")
        keeping = asyncio.create_task(leases.keep())
        exporter = otlp.from_environment(name, _about(settings))
        schemas = Schemas(rpc)
        shipper = Shipper(name, connection, exporter, partial(_is_instrumented, schemas, settings))
        metrics.collect_from(shipper.samples)
        shipping = asyncio.create_task(shipper.run())
        try:
            yield Core(
                name=name,
                settings=settings,
                connection=connection,
                rpc=rpc,
                transport=transport,
                server=RpcServer(transport, ContextVerifier(databases.platform)),
                stream=JetStream(connection, settings.stream_replicas, settings.stream_retention),
                databases=databases,
                leases=leases,
                apps=Apps(rpc),
                schemas=schemas,
            )
        finally:
            shipping.cancel()
            with contextlib.suppress(Exception):
                await asyncio.wait_for(shipper.flush(), 1)
            keeping.cancel()
            await asyncio.gather(keeping, shipping, return_exceptions=True)
            await databases.close()


def _about(settings: Settings) -> dict[str, str]:
    """What OpenTelemetry is told of this process."""
    return {
        "service.version": VERSION,
        "service.instance.id": settings.replica,
        "deployment.environment.name": settings.env,
    }


async def _is_instrumented(schemas: Schemas, settings: Settings, app: AppRef) -> bool:
    """Whether spans of an app are wanted: by its own settings, else by those of the installation."""
    own = (await schemas.get(app)).settings.instrumentation.enabled
    return settings.instrumentation_enabled if own is None else own


async def _start(service: Service[S], parts: Core, state: S) -> list[asyncio.Task[None]]:
    """Start the workers, wait for NATS, then serve requests and consume streams. Returns the endless tasks."""
    transactions = service.transactions(state) if service.transactions else Transactions(parts.databases)
    subscriptions = _subscriptions(service, parts, state, transactions)
    consumers: health.Consumers = {s.name: s.progress for s in subscriptions}
    lags: health.Lags = service.lag(state) if service.lag else {}
    due = Due(parts.databases, parts.apps, f"{service.name}/replays")
    tasks = _start_workers(service, parts, state, due)
    async with contextlib.AsyncExitStack() as guard:
        guard.callback(lambda: [task.cancel() for task in tasks])
        if parts.settings.http_port and service.name != "gateway":
            tasks.append(asyncio.create_task(health.serve(parts, lags, consumers)))
        await parts.connection.established()
        parts.apps.listen(parts.connection)
        parts.schemas.listen(parts.connection)
        parts.connection.on_announcement(SchemaChanged, lambda change: recording.forget(change.app_id))
        parts.transport.open()
        common = {
            **health.endpoints(parts, lags, consumers),
            **dead_letters.endpoints(service, parts, state, transactions),
            **outboxes.endpoints(service.name, parts.databases),
            **_replay_endpoints(service, parts, state, subscriptions, due),
        }
        own = _own_endpoints(service, parts, state)
        parts.server.serve(service.name, VERSION, {**common, **own})
        tasks += [asyncio.create_task(subscription.run()) for subscription in subscriptions]
        log.info("service.ready", endpoints=len(own), consumers=len(subscriptions))
        guard.pop_all()
    return tasks


def _subscriptions(service: Service[S], parts: Core, state: S, transactions: Transactions) -> list[Subscription[S]]:
    return [
        Subscription(
            service.name,
            consumer,
            state,
            transactions,
            parts.stream,
            parts.databases,
            parts.leases,
            parts.apps,
            parts.rpc,
        )
        for consumer in service.consumers
    ]


def _start_workers(service: Service[S], parts: Core, state: S, due: Due) -> list[asyncio.Task[None]]:
    standstills = Standstills(service.name, parts.databases)
    tasks = [asyncio.create_task(_endless(f"worker {w.__name__}", w, state, standstills)) for w in service.workers]
    if service.projections:
        replays = Replays(
            service.name, service.projections, parts.databases, parts.leases, parts.settings.replay_duty_cycle
        )
        tasks.append(asyncio.create_task(_endless("replays", partial(replays.run, due=due), state, standstills)))
    return tasks


def _replay_endpoints(
    service: Service[S], parts: Core, state: S, subscriptions: Sequence[Subscription[S]], due: Due
) -> dict[type[Request[Any]], Any]:
    progress: dict[str, replaying.ProgressOf] = {s.name: s.progress_in for s in subscriptions if s.follows_commits}
    progress |= service.progress(state) if service.progress else {}
    return replaying.endpoints(
        service.name, service.projections, progress, parts.databases, Transactions(parts.databases, due)
    )


def _own_endpoints(service: Service[S], parts: Core, state: S) -> dict[type[Request[Any]], Any]:
    return {
        request: honouring(service.name, parts.databases, request, _bind(handler, state))
        for request, handler in service.endpoints.items()
    }


def _bind(handler: Callable[[S, Any, Any], Awaitable[Any]], state: S) -> Callable[[Any, Any], Awaitable[Any]]:
    async def bound(context: Any, request: Any) -> Any:
        return await handler(state, context, request)

    return bound


async def _endless(name: str, worker: Callable[[S], Awaitable[None]], state: S, standstills: Standstills) -> None:
    """Run a worker and restart it when it ends. A failure is reported as a standstill for a minute."""
    while True:
        try:
            await worker(state)
        except Exception as error:
            log.error("worker.failed", worker=name, exc_info=error)
            await standstills.note(None, name, reason_of(error))
        await asyncio.sleep(1)


async def _stop(tasks: list[asyncio.Task[None]], parts: Core, settings: Settings) -> None:
    """Stop accepting requests and events, cancel the endless tasks, wait for running requests."""
    await parts.server.stop()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await parts.server.drain(settings.drain_seconds)
