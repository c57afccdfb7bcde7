"""What the handlers of the data service work with."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

from libs.shared.bus.rpc.streaming import Streams
from libs.shared.contracts.context import AppRef
from libs.shared.postgres.databases import Database
from libs.shared.runtime import Core
from libs.shared.schema import Snapshot
from libs.shared.snapshots.cache import Schemas
from libs.shared.snapshots.compiled import Compiled
from services.data.integrity.hash_chain import Sealer
from services.data.log.positions import Settled
from services.data.log.source import CommitLog
from services.data.log.watermarks import Frontiers
from services.data.model import Model
from services.data.model.bounds import Bounds
from services.data.query.point_batches import PointReads
from services.data.query.shared_reads import SharedReads
from services.data.writes.context.resources import WriteResources


@dataclass(frozen=True, slots=True)
class State:
    """Resources, and the compiled model of each app's schema."""

    core: Core
    schemas: Schemas
    writes: WriteResources
    models: Compiled[Model]
    streams: Streams
    points: PointReads = field(default_factory=PointReads)
    reads: SharedReads = field(default_factory=SharedReads)
    settled: Settled = field(default_factory=Settled)
    frontiers: Frontiers = field(kw_only=True)
    sealer: Sealer = field(kw_only=True)
    log: CommitLog = field(kw_only=True)

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
