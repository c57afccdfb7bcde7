"""What a service is: its settings, its state, the questions it answers, the streams it lives off."""

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
"""Load, decide, commit, reply: `(state, context, question) -> answer`."""


@dataclass(frozen=True, slots=True)
class Core:
    """What the runtime gives every service to build its state from."""

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
    """A service's table of contents. `open(core)` makes its state and takes it down again."""

    name: str
    open: Callable[[Core], AbstractAsyncContextManager[S]]
    endpoints: Mapping[type[Request[Any]], Handler[S]]
    consumers: tuple[Consumer[S], ...] = ()
    settings: type[Settings] = Settings
    workers: tuple[Callable[[S], Awaitable[None]], ...] = field(default=())
    """Endless loops beside the requests: timers, deliveries. They are cancelled at shutdown."""
    lag: Callable[[S], Mapping[str, Callable[[], Awaitable[int]]]] | None = None
    """What else can lag behind, beside the consumers: name → how many are not done yet."""
    projections: tuple[Projection[S], ...] = ()
    """What is made of the log and can be compared with it. Consumers of commits are listed without being asked."""
    progress: Callable[[S], Mapping[str, ProgressOf]] | None = None
    """How far else something is in an app's log, beside the consumers."""
    transactions: Callable[[S], Transactions] | None = None
    """The transactions of its consumers; by default they neither emit signals nor leave work behind."""
