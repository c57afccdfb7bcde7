"""The table of contents of the data service."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from libs.shared.bus.relay import Relay
from libs.shared.contracts import files, records
from libs.shared.runtime import Core, Service, Settings
from libs.shared.schema.cache import Schemas
from services.data import handlers
from services.data.files import handlers as file_handlers
from services.data.log.source import CommitLog
from services.data.state import State


class DataSettings(Settings):
    """The data service does most of the work, so it gets the most connections."""

    database_connections: int = 24


@contextlib.asynccontextmanager
async def open_state(core: Core) -> AsyncIterator[State]:
    """Schema cache, and the relay that publishes the commit log."""
    schemas = Schemas(core.asker)
    listening = asyncio.create_task(schemas.listen(core.connection))
    relay = Relay(CommitLog(schemas), core.databases, core.stream, core.leases, core.apps)
    async with relay.running():
        yield State(core, schemas, relay)
    listening.cancel()


SERVICE = Service(
    name="data",
    open=open_state,
    settings=DataSettings,
    endpoints={
        records.ListRecords: handlers.list_records,
        records.GetRecord: handlers.get_record,
        records.CreateRecord: handlers.create_record,
        records.UpdateRecord: handlers.update_record,
        records.DeleteRecord: handlers.delete_record,
        records.RecordHistory: handlers.record_history,
        records.FetchCommit: handlers.fetch_commit,
        records.SetFields: handlers.set_fields,
        files.RegisterFile: file_handlers.register_file,
        files.FindFile: file_handlers.find_file,
        files.ListFiles: file_handlers.list_files,
        files.RemoveFile: file_handlers.remove_file,
    },
)
