"""The table of contents of the data service."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Literal

from pydantic import Field

from libs.shared.bus.relay import Relay
from libs.shared.bus.streaming import Streams
from libs.shared.contracts import files, live, records
from libs.shared.postgres.pools import LEAST
from libs.shared.replays import Projection
from libs.shared.runtime import Core, KeyedSettings, Service
from libs.shared.schema.compiled import Compiled
from services.data import authorizing, bulk_handlers, explaining, handlers, trials
from services.data.files import handlers as file_handlers
from services.data.live import handlers as live_handlers
from services.data.live.frontier import Frontiers
from services.data.log.source import CommitLog
from services.data.model import Model
from services.data.reading import commits, exporting, past, ranges
from services.data.reading import handlers as reading
from services.data.reading import log as log_reading
from services.data.repairs import repairing
from services.data.replays import rebuilding, tables
from services.data.replays.reach import reaches
from services.data.seals import verifying
from services.data.seals.sealing import Sealer
from services.data.state import State


class DataSettings(KeyedSettings):
    """The data service does most of the work, so it gets the most connections."""

    files_access: Literal["authenticated", "record"] = Field(
        "authenticated", description="who may download a file: every user, or who may read a record that holds it"
    )

    included_records: int = Field(1_000, gt=0, description="related records of one record and include in an answer")

    page_bytes: int = Field(8 * 1024 * 1024, ge=64 * 1024, description="bytes of an answer's records; more are 413")

    aggregate_groups: int = Field(100_000, gt=0, description="groups of one aggregate, over all its pages")

    export_timeout: float = Field(3600.0, gt=0, description="seconds an export may take, however slowly it is read")

    database_connections: int = Field(24, ge=LEAST, description="as of every service")


@contextlib.asynccontextmanager
async def open_state(core: Core) -> AsyncIterator[State]:
    """The compiled schemas, the relay that publishes the commit log, and the exports under way."""
    sealer = Sealer(core.databases, core.settings.secret_key)
    log = CommitLog(core.schemas, sealer.settled)
    relay = Relay(log, core.databases, core.stream, core.leases, core.apps)
    frontiers = Frontiers(core.databases)
    relay.on_commit(frontiers.committed)
    streams = Streams(core.connection, exporting.most(core.settings.database_connections), core.settings.export_timeout)
    async with relay.running(), streams.running():
        yield State(
            core,
            core.schemas,
            relay,
            Compiled(core.schemas, Model),
            streams,
            frontiers=frontiers,
            sealer=sealer,
            log=log,
        )
        await frontiers.close()
    await sealer.close()


SERVICE = Service(
    name="data",
    open=open_state,
    settings=DataSettings,
    endpoints={
        records.ListRecords: reading.list_records,
        records.AggregateRecords: reading.aggregate_records,
        records.ExportRecords: exporting.export_records,
        records.GetRecord: reading.get_record,
        records.CreateRecord: handlers.create_record,
        records.UpdateRecord: handlers.update_record,
        records.DeleteRecord: handlers.delete_record,
        records.CreateRecords: bulk_handlers.create_records,
        records.UpdateRecords: bulk_handlers.update_records,
        records.DeleteRecords: bulk_handlers.delete_records,
        records.RestoreRecord: handlers.restore_record,
        records.RecordHistory: past.record_history,
        records.FetchCommit: past.fetch_commit,
        records.ReadLog: log_reading.read_log,
        records.ListCommits: commits.list_commits,
        records.GetCommit: commits.get_commit,
        records.UndoCommit: handlers.undo_commit,
        records.RepairLog: repairing.repair_log,
        records.LocateRange: ranges.locate_range,
        records.ReadEntityLog: ranges.read_entity_log,
        records.SetFields: handlers.set_fields,
        records.TryRule: trials.try_rule,
        records.AuthorizeRecords: authorizing.authorize_records,
        records.ExplainAccess: explaining.explain_access,
        files.AnnounceFile: file_handlers.announce_file,
        files.RegisterFile: file_handlers.register_file,
        files.FindFile: file_handlers.find_file,
        files.ListFiles: file_handlers.list_files,
        files.RemoveFile: file_handlers.remove_file,
        files.ListLooseFiles: file_handlers.list_loose_files,
        files.ForgetFiles: file_handlers.forget_files,
        live.AwaitCommits: live_handlers.await_commits,
        live.ListChanges: live_handlers.list_changes,
    },
    lag=lambda state: {"relay": state.relay.lag},
    projections=(
        Projection("log", verifying.verify),
        Projection("records", tables.verify, rebuilding.rebuild),
    ),
    reach=reaches,
)
