"""The state of the data service."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from libs.shared.bus.outbox.relay import Relay
from libs.shared.bus.rpc.streaming import Streams
from libs.shared.contracts.context import AppRef
from libs.shared.postgres.databases import Database
from libs.shared.runtime import Core
from libs.shared.snapshots.cache import Schemas
from services.data.integrity.hash_chain import HashChain
from services.data.log.positions import SettledPositions
from services.data.log.source import CommitLog
from services.data.log.watermarks import Watermarks
from services.data.model import Models
from services.data.model.bounds import Bounds
from services.data.query.export_stream import max_exports
from services.data.query.point_batches import PointLookups, batched_lookups
from services.data.query.shared_reads import SharedReads
from services.data.writes.context.resources import WriteResources


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Resources, and the compiled model of each app's schema."""

    core: Core
    schemas: Schemas
    models: Models
    log: CommitLog
    writes: WriteResources
    hash_chain: HashChain
    watermarks: Watermarks
    streams: Streams
    settled: SettledPositions = field(default_factory=SettledPositions)
    point_lookups: PointLookups = field(default_factory=batched_lookups)
    shared_reads: SharedReads = field(default_factory=SharedReads)

    def database(self, app: AppRef) -> Database:
        return self.core.databases.of(app)


@contextlib.asynccontextmanager
async def open_state(core: Core) -> AsyncIterator[State]:
    """The state of a replica; while it is open, the relay publishes the log and streams are answered."""
    settings = core.settings
    bounds = Bounds(settings.included_records, settings.page_bytes, settings.aggregate_groups)
    hash_chain = HashChain(core.databases, settings.secret_key)
    log = CommitLog(core.schemas, on_settled=hash_chain.extend_soon)
    relay = Relay(log, core.databases, core.stream, core.leases, core.apps)
    watermarks = Watermarks(core.databases)
    relay.on_commit(watermarks.wake)
    streams = Streams(core.connection, max_exports(settings.database_connections), settings.export_timeout)
    async with relay.running(), streams.running():
        yield State(
            core=core,
            schemas=core.schemas,
            models=Models(core.schemas, settings.secret_key, bounds),
            log=log,
            writes=WriteResources(core, relay),
            hash_chain=hash_chain,
            watermarks=watermarks,
            streams=streams,
        )
        await watermarks.close()
    await hash_chain.close()
