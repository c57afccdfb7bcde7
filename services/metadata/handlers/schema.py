"""Definitions as other services and UIs read them: snapshots, former names and definitions, UI configs."""

from __future__ import annotations

from typing import Any

from libs.shared.contracts import definitions as contracts
from libs.shared.contracts import schemas
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.schema.ui_configs import DEFAULT
from services.metadata.handlers import replies
from services.metadata.state import State
from services.metadata.store import definitions, snapshot

UI_CONFIGS = replies.kind_named("ui-configs")


async def get_schema(state: State, context: Context, request: schemas.GetSchema) -> schemas.SchemaSnapshot:
    version, document = await snapshot.load(state.core.databases.of(context.the_app))
    return schemas.SchemaSnapshot(version, document)


async def list_names(state: State, context: Context, request: schemas.ListNames) -> schemas.NamesEver:
    return schemas.NamesEver(*await snapshot.names_ever(state.core.databases.of(context.the_app)))


async def get_definitions_as_of(
    state: State, context: Context, request: schemas.GetDefinitionsAsOf
) -> schemas.DefinitionsThen:
    database = state.core.databases.of(context.the_app)
    return schemas.DefinitionsThen(await snapshot.as_of(database, request.kind, request.version))


async def list_ui_configs(state: State, context: Context, request: contracts.ListUiConfigs) -> Response:
    return replies.data(await _ui_configs(state, context))


async def get_ui_config(state: State, context: Context, request: contracts.GetUiConfig) -> Response:
    found = (row for row in await _ui_configs(state, context) if row["entity"] == request.entity_name)
    return replies.data(next(found, None))


async def _ui_configs(state: State, context: Context) -> list[dict[str, Any]]:
    rows = await definitions.list_of_kind(state.core.databases.of(context.the_app), UI_CONFIGS.name)
    return [replies.to_dict(UI_CONFIGS, row) for row in rows if row.document["scope"] == DEFAULT]
