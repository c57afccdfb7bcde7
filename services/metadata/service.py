"""The table of contents of the metadata service."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from libs.shared.bus.due import Due
from libs.shared.bus.outbox import Outbox
from libs.shared.bus.relay import Relay
from libs.shared.contracts import apps as ask
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
        ask.CreateApp: handlers.create_app,
        ask.ListApps: handlers.list_apps,
        ask.GetApp: handlers.get_app,
        ask.ChangeApp: handlers.change_app,
        ask.DeleteApp: handlers.delete_app,
        ask.FindOrigins: handlers.find_origins,
        ask.FindApps: handlers.find_apps,
        ask.ListDefinitions: handlers.list_definitions,
        ask.GetDefinition: handlers.get_definition,
        ask.CreateDefinition: handlers.create_definition,
        ask.ReplaceDefinition: handlers.replace_definition,
        ask.DeleteDefinition: handlers.delete_definition,
        ask.PatchDefinition: handlers.patch_definition,
        ask.ListVersions: handlers.list_versions,
        ask.RestoreDefinition: handlers.restore_definition,
        ask.ListUiConfigs: handlers.list_ui_configs,
        ask.GetUiConfig: handlers.get_ui_config,
        ask.GetSchema: handlers.get_schema,
        ask.ListNames: handlers.list_names,
        ask.GetDefinitionsAsOf: handlers.get_definitions_as_of,
        ask.ExportApp: transfer.export_app,
        ask.ImportApp: transfer.import_app,
        ask.PlanSchema: transfer.plan_schema,
        ask.ApplySchema: transfer.apply_schema,
    },
    lag=lambda state: {"relay": state.relay.lag},
    workers=(finish_interrupted, building.run),
)
