"""The events service: its endpoints, consumers and workers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from libs.shared.bus.consumers.consumer import Consumer
from libs.shared.bus.nats.nkeys import Issuer
from libs.shared.bus.outbox.transactions import Transactions
from libs.shared.bus.rpc.streaming import Streams
from libs.shared.contracts.activity import ListActivity
from libs.shared.contracts.apps import AppsChanged
from libs.shared.contracts.causality import GetCausality
from libs.shared.contracts.events import (
    ExportAuditLogs,
    GetStats,
    GetTrace,
    ListAuditLogs,
    ListEvents,
    ListNewEvents,
    RecordEvent,
)
from libs.shared.contracts.schemas import SchemaChanged
from libs.shared.contracts.streams import COMMITS, SIGNALS, TELEMETRY
from libs.shared.contracts.subscribers import CreateSubscriber, DeleteSubscriber, ListSubscribers
from libs.shared.replays import Projection
from libs.shared.replays.derived import verifying as replays_of
from libs.shared.runtime import Core, Service
from services.events import consumers, handlers, retention
from services.events.activity_handlers import list_activity
from services.events.audit_handlers import export_audit_logs, list_audit_logs
from services.events.definitions import AuditDefinitionVersions
from services.events.partitions import Partitions
from services.events.replays import activity, rebuilding, verifying
from services.events.replays.activity import Activity
from services.events.rows import read_spans
from services.events.sampling import TraceSampler
from services.events.settings import EventsSettings
from services.events.state import State
from services.events.subscribers import handlers as subscribers
from services.events.subscribers.callout import answer_callouts
from services.events.subscribers.durables import follow_apps


@contextlib.asynccontextmanager
async def open_state(core: Core) -> AsyncIterator[State]:
    """The service's state, with the relay of its signals running."""
    partitions = Partitions(core.databases)
    secret = core.settings.subscribers_secret
    issuer = Issuer(secret) if secret else None
    changes: asyncio.Queue[AppsChanged] = asyncio.Queue(MAX_CHANGES)

    def changed(change: AppsChanged) -> None:
        with contextlib.suppress(asyncio.QueueFull):
            changes.put_nowait(change)

    schema_changes: asyncio.Queue[str] = asyncio.Queue(MAX_CHANGES)

    def schema_changed(change: SchemaChanged) -> None:
        with contextlib.suppress(asyncio.QueueFull):
            schema_changes.put_nowait(change.app_id)

    core.connection.on_announcement(AppsChanged, changed)
    core.connection.on_announcement(SchemaChanged, schema_changed)
    transactions = Transactions.emitting(core)
    streams = Streams(core.connection, MAX_EXPORTS, EXPORT_TIMEOUT_S)
    async with transactions.relay.running(), streams.running():
        definitions = AuditDefinitionVersions(core.schemas, core.rpc)
        yield State(
            core, definitions, transactions, partitions, issuer, changes, schema_changes, TraceSampler(), streams
        )


MAX_EXPORTS = 2
"""Exports at once; each holds a connection as long as it is read."""
EXPORT_TIMEOUT_S = 600.0
MAX_CHANGES = 1_000
"""Size of the queue of changed apps."""


LINGER_S = 0.2
"""Seconds that audit and telemetry collect a batch: a transaction for many rows costs little more than for one."""

SERVICE = Service(
    name="events",
    open=open_state,
    settings=EventsSettings,
    endpoints={
        RecordEvent: handlers.record_event,
        ListEvents: handlers.list_events,
        ListNewEvents: handlers.list_new_events,
        GetTrace: handlers.get_trace,
        GetCausality: handlers.get_causality,
        GetStats: handlers.get_stats,
        ListAuditLogs: list_audit_logs,
        ExportAuditLogs: export_audit_logs,
        ListActivity: list_activity,
        CreateSubscriber: subscribers.create,
        ListSubscribers: subscribers.list_all,
        DeleteSubscriber: subscribers.delete,
    },
    consumers=(
        Consumer(
            name="audit",
            stream=COMMITS,
            plan=consumers.plan_commits,
            apply=consumers.apply_commits,
            commutative=True,
            linger=LINGER_S,
        ),
        Consumer(
            name="signals",
            stream=SIGNALS,
            plan=consumers.plan_signals,
            apply=consumers.apply_signals,
            commutative=True,
        ),
        Consumer(
            name="telemetry",
            stream=TELEMETRY,
            plan=consumers.plan_telemetry,
            apply=consumers.apply_telemetry,
            commutative=True,
            linger=LINGER_S,
            loads=read_spans,
        ),
    ),
    transactions=lambda state: state.transactions,
    lag=lambda state: {"relay": state.transactions.relay.lag},
    workers=(retention.retain, retention.follow_settings, answer_callouts, follow_apps),
    progress=activity.progress,
    projections=(
        Projection("audit", verifying.verify, rebuilding.rebuild),
        Projection("activity", replays_of(Activity()), activity.rebuild),
    ),
)
