"""The table of contents of the data service."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Literal

from pydantic import Field

from libs.shared.bus.outbox.relay import Relay
from libs.shared.bus.rpc.streaming import Streams
from libs.shared.contracts import files, live, records
from libs.shared.postgres.pools import LEAST
from libs.shared.replays import Projection
from libs.shared.runtime import Core, KeyedSettings, Service
from libs.shared.snapshots.compiled import Compiled
from services.data.handlers import (
    authorization,
    bulk_writes,
    commits,
    explanation,
    exports,
    log_ranges,
    log_reads,
    record_history,
    record_reads,
    record_writes,
    rule_trials,
)
from services.data.handlers import files as file_handlers
from services.data.handlers import live as live_handlers
from services.data.integrity.hash_chain import Sealer
from services.data.log.source import CommitLog
from services.data.log.watermarks import Frontiers
from services.data.model import Model
from services.data.repairs import repairing
from services.data.replays import log_verification, rebuilding, tables
from services.data.replays.progress import reaches
from services.data.state import State
from services.data.writes.context.resources import WriteResources


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
    streams = Streams(core.connection, exports.most(core.settings.database_connections), core.settings.export_timeout)
    async with relay.running(), streams.running():
        yield State(
            core,
            core.schemas,
            WriteResources(core, relay),
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
        records.ListRecords: record_reads.list_records,
        records.AggregateRecords: record_reads.aggregate_records,
        records.ExportRecords: exports.export_records,
        records.GetRecord: record_reads.get_record,
        records.CreateRecord: record_writes.create_record,
        records.UpdateRecord: record_writes.update_record,
        records.DeleteRecord: record_writes.delete_record,
        records.CreateRecords: bulk_writes.create_records,
        records.UpdateRecords: bulk_writes.update_records,
        records.DeleteRecords: bulk_writes.delete_records,
        records.RestoreRecord: record_writes.restore_record,
        records.RecordHistory: record_history.record_history,
        records.FetchCommit: record_history.fetch_commit,
        records.ReadLog: log_reads.read_log,
        records.ListCommits: commits.list_commits,
        records.GetCommit: commits.get_commit,
        records.UndoCommit: record_writes.undo_commit,
        records.RepairLog: repairing.repair_log,
        records.LocateRange: log_ranges.locate_range,
        records.ReadEntityLog: log_ranges.read_entity_log,
        records.SetFields: record_writes.set_fields,
        records.TryRule: rule_trials.try_rule,
        records.AuthorizeRecords: authorization.authorize_records,
        records.ExplainAccess: explanation.explain_access,
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
    lag=lambda state: {"relay": state.writes.relay.lag},
    projections=(
        Projection("log", log_verification.verify),
        Projection("records", tables.verify, rebuilding.rebuild),
    ),
    reach=reaches,
)
