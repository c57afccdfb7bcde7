"""The description of a service: its settings, state, endpoints, consumers, workers and projections."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from libs.shared.bus.apps import Apps
from libs.shared.bus.consumers.consumer import Consumer
from libs.shared.bus.nats.connection import Connection
from libs.shared.bus.nats.jetstream import JetStream
from libs.shared.bus.outbox.transactions import Transactions
from libs.shared.bus.rpc.client import RpcClient
from libs.shared.bus.rpc.server import RpcServer
from libs.shared.bus.rpc.transport import Transport
from libs.shared.bus.timers.leases import Leases
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Request
from libs.shared.postgres.databases import Databases
from libs.shared.replays import Projection
from libs.shared.replays.endpoints import ProgressOf
from libs.shared.runtime.settings import Settings
from libs.shared.snapshots.cache import Schemas

S = TypeVar("S")

Handler = Callable[[S, Context, Any], Awaitable[Any]]
"""The handler of a request: `(state, context, request) -> response`."""


@dataclass(frozen=True, slots=True)
class Core:
    """The resources that the runtime opens for every service."""

    name: str
    settings: Any
    connection: Connection
    rpc: RpcClient
    transport: Transport
    server: RpcServer
    stream: JetStream
    databases: Databases
    leases: Leases
    apps: Apps
    schemas: Schemas


@dataclass(frozen=True, slots=True)
class Service(Generic[S]):
    """All parts of a service. `open(core)` opens its state and closes it at the end."""

    name: str
    open: Callable[[Core], AbstractAsyncContextManager[S]]
    endpoints: Mapping[type[Request[Any]], Handler[S]]
    consumers: tuple[Consumer[S], ...] = ()
    settings: type[Settings] = Settings
    workers: tuple[Callable[[S], Awaitable[None]], ...] = field(default=())
    """Endless background loops, such as timers and deliveries. They are cancelled at shutdown."""
    lag: Callable[[S], Mapping[str, Callable[[], Awaitable[int]]]] | None = None
    """Further lags beside those of the consumers: name → the number of unfinished items."""
    projections: tuple[Projection[S], ...] = ()
    """Data derived from the log that can be compared with it. Consumers of commits are listed in any case."""
    progress: Callable[[S], Mapping[str, ProgressOf]] | None = None
    """Further progress in an app's log beside that of the consumers."""
    transactions: Callable[[S], Transactions] | None = None
    """The transactions of its consumers. By default they emit no signals and arm no timers."""
