"""The events service: its table of contents."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from libs.shared import exact
from libs.shared.bus.consumer import Consumer
from libs.shared.contracts.events import GetStats, GetTrace, ListAuditLogs, ListEvents, RecordEvent
from libs.shared.contracts.streams import COMMITS, SIGNALS, TELEMETRY
from libs.shared.replays import Projection
from libs.shared.runtime import Core, Service
from libs.shared.schema.compiled import Compiled
from services.events import consumers, handlers, retention
from services.events.partitions import Partitions
from services.events.replays import rebuilding, verifying
from services.events.rows import read_spans
from services.events.settings import EventsSettings
from services.events.state import State


@contextlib.asynccontextmanager
async def open_state(core: Core) -> AsyncIterator[State]:
    """The service's state."""
    partitions = Partitions(core.databases, core.settings.retention_days)
    yield State(core, Compiled(core.schemas, lambda schema: schema), partitions)


LINGER = 0.2
"""Seconds that audit and telemetry wait for more: a transaction for many costs little more than for one."""

SERVICE = Service(
    name="events",
    open=open_state,
    settings=EventsSettings,
    endpoints={
        RecordEvent: handlers.record_event,
        ListEvents: handlers.list_events,
        GetTrace: handlers.get_trace,
        GetStats: handlers.get_stats,
        ListAuditLogs: handlers.list_audit_logs,
    },
    consumers=(
        Consumer(
            name="audit",
            stream=COMMITS,
            handle=consumers.on_commits,
            before=consumers.before_commits,
            commutative=True,
            together=True,
            linger=LINGER,
            loads=exact.loads_bytes,
        ),
        Consumer(
            name="signals",
            stream=SIGNALS,
            handle=consumers.on_signal,
            before=consumers.before_signals,
            commutative=True,
        ),
        Consumer(
            name="telemetry",
            stream=TELEMETRY,
            handle=consumers.on_telemetry,
            before=consumers.before_telemetry,
            commutative=True,
            together=True,
            linger=LINGER,
            loads=read_spans,
        ),
    ),
    workers=(retention.retain,),
    projections=(Projection("audit", verifying.verify, rebuilding.rebuild),),
)
