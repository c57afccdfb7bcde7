"""The metadata service: its endpoints and workers."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from libs.shared.bus.outbox.transactions import Transactions
from libs.shared.bus.timers.due import Due
from libs.shared.contracts import apps as contracts
from libs.shared.contracts import definitions as definitions_contracts
from libs.shared.contracts import schemas
from libs.shared.contracts import settings as settings_contracts
from libs.shared.contracts import views as view_contracts
from libs.shared.contracts.permissions import CheckPolicies
from libs.shared.runtime import Core, KeyedSettings, Service
from services.metadata.apps.lifecycle import remove_interrupted
from services.metadata.handlers import apps, definitions, documents, policies, schema, settings, views
from services.metadata.state import State
from services.metadata.tables import index_builder


@contextlib.asynccontextmanager
async def open_state(core: Core) -> AsyncIterator[State]:
    """The runtime's resources with the due index and the relay, until the service stops."""
    due = Due(core.databases, core.apps, core.name)
    transactions = Transactions.emitting(core, due)
    async with transactions.relay.running():
        yield State(core, due, transactions)


SERVICE = Service(
    name="metadata",
    open=open_state,
    settings=KeyedSettings,
    endpoints={
        contracts.CreateApp: apps.create_app,
        contracts.ListApps: apps.list_apps,
        contracts.GetApp: apps.get_app,
        contracts.ChangeApp: apps.change_app,
        contracts.DeleteApp: apps.delete_app,
        contracts.FindOrigins: apps.find_origins,
        contracts.FindApps: apps.find_apps,
        definitions_contracts.ListDefinitions: definitions.list_definitions,
        definitions_contracts.GetDefinition: definitions.get_definition,
        definitions_contracts.CreateDefinition: definitions.create_definition,
        definitions_contracts.ReplaceDefinition: definitions.replace_definition,
        definitions_contracts.DeleteDefinition: definitions.delete_definition,
        definitions_contracts.PatchDefinition: definitions.patch_definition,
        definitions_contracts.ListVersions: definitions.list_versions,
        definitions_contracts.RestoreDefinition: definitions.restore_definition,
        definitions_contracts.ListUiConfigs: schema.list_ui_configs,
        definitions_contracts.GetUiConfig: schema.get_ui_config,
        settings_contracts.GetSettings: settings.get_settings,
        settings_contracts.ReplaceSettings: settings.replace_settings,
        settings_contracts.PatchSettings: settings.patch_settings,
        settings_contracts.ListSettingsVersions: settings.list_versions,
        settings_contracts.RestoreSettings: settings.restore_settings,
        view_contracts.ListViews: views.list_views,
        view_contracts.GetView: views.get_view,
        view_contracts.CreateView: views.create_view,
        view_contracts.ReplaceView: views.replace_view,
        view_contracts.PatchView: views.patch_view,
        view_contracts.DeleteView: views.delete_view,
        schemas.GetSchema: schema.get_schema,
        CheckPolicies: policies.check_policies,
        schemas.ListNames: schema.list_names,
        schemas.GetDefinitionsAsOf: schema.get_definitions_as_of,
        contracts.ExportApp: documents.export_app,
        contracts.ImportApp: documents.import_app,
        contracts.PlanSchema: documents.plan_schema,
        contracts.ApplySchema: documents.apply_schema,
    },
    lag=lambda state: {"relay": state.transactions.relay.lag},
    workers=(remove_interrupted, index_builder.run),
)
