"""The table of contents of the metadata service."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from libs.shared.bus.outbox.outbox import Outbox
from libs.shared.bus.outbox.relay import Relay
from libs.shared.bus.timers.due import Due
from libs.shared.contracts import apps as contracts
from libs.shared.runtime import Core, KeyedSettings, Service
from services.metadata.apps.lifecycle import finish_interrupted
from services.metadata.handlers import definitions as handlers
from services.metadata.handlers import documents as transfer
from services.metadata.state import State
from services.metadata.tables import index_builder as building


@contextlib.asynccontextmanager
async def open_state(core: Core) -> AsyncIterator[State]:
    """The core, the index of apps with work left over, and the relay that tells of changed definitions."""
    outbox = Outbox(core.name)
    relay = Relay(outbox, core.databases, core.stream, core.leases, core.apps)
    async with relay.running():
        yield State(core, Due(core.databases, core.apps, core.name), outbox, relay)


SERVICE = Service(
    name="metadata",
    open=open_state,
    settings=KeyedSettings,
    endpoints={
        contracts.CreateApp: handlers.create_app,
        contracts.ListApps: handlers.list_apps,
        contracts.GetApp: handlers.get_app,
        contracts.ChangeApp: handlers.change_app,
        contracts.DeleteApp: handlers.delete_app,
        contracts.FindOrigins: handlers.find_origins,
        contracts.FindApps: handlers.find_apps,
        contracts.ListDefinitions: handlers.list_definitions,
        contracts.GetDefinition: handlers.get_definition,
        contracts.CreateDefinition: handlers.create_definition,
        contracts.ReplaceDefinition: handlers.replace_definition,
        contracts.DeleteDefinition: handlers.delete_definition,
        contracts.PatchDefinition: handlers.patch_definition,
        contracts.ListVersions: handlers.list_versions,
        contracts.RestoreDefinition: handlers.restore_definition,
        contracts.ListUiConfigs: handlers.list_ui_configs,
        contracts.GetUiConfig: handlers.get_ui_config,
        contracts.GetSchema: handlers.get_schema,
        contracts.ListNames: handlers.list_names,
        contracts.GetDefinitionsAsOf: handlers.get_definitions_as_of,
        contracts.ExportApp: transfer.export_app,
        contracts.ImportApp: transfer.import_app,
        contracts.PlanSchema: transfer.plan_schema,
        contracts.ApplySchema: transfer.apply_schema,
    },
    lag=lambda state: {"relay": state.relay.lag},
    workers=(finish_interrupted, building.run),
)
