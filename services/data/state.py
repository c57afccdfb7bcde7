"""The resources that the data service's handlers work with."""

from __future__ import annotations

import contextlib
import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from libs.shared.bus.outbox.relay import Relay
from libs.shared.bus.rpc.streaming import Streams
from libs.shared.contracts.context import AppRef
from libs.shared.postgres.databases import Database
from libs.shared.runtime import Core
from libs.shared.schema import Snapshot
from libs.shared.snapshots.cache import Schemas
from libs.shared.snapshots.compiled import Compiled
from services.data.integrity.hash_chain import HashChain
from services.data.log.positions import SettledPositions
from services.data.log.source import CommitLog
from services.data.log.watermarks import Watermarks
from services.data.model import Model
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
    models: Compiled[Model]
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

    def model(self, app: AppRef, schema: Snapshot) -> Model:
        """The schema compiled for SQL, once per version."""
        model = self.models.made(app, schema)
        if not model.salt:
            secret = self.core.settings.secret_key.encode()
            model.salt = hmac.digest(secret, f"masks of {app.id}".encode(), "sha256")
            model.bounds = self._bounds(hmac.digest(secret, f"bounds of {app.id}".encode(), "sha256").hex())
        return model

    def _bounds(self, mark: str) -> Bounds:
        settings = self.core.settings
        return Bounds(settings.included_records, settings.page_bytes, settings.aggregate_groups, mark)


@contextlib.asynccontextmanager
async def open_state(core: Core) -> AsyncIterator[State]:
    """The state of a replica; while it is open, the relay publishes the log and streams are answered."""
    hash_chain = HashChain(core.databases, core.settings.secret_key)
    log = CommitLog(core.schemas, on_settled=hash_chain.extend_soon)
    relay = Relay(log, core.databases, core.stream, core.leases, core.apps)
    watermarks = Watermarks(core.databases)
    relay.on_commit(watermarks.wake)
    streams = Streams(core.connection, max_exports(core.settings.database_connections), core.settings.export_timeout)
    async with relay.running(), streams.running():
        yield State(
            core=core,
            schemas=core.schemas,
            models=Compiled(core.schemas, Model),
            log=log,
            writes=WriteResources(core, relay),
            hash_chain=hash_chain,
            watermarks=watermarks,
            streams=streams,
        )
        await watermarks.close()
    await hash_chain.close()
