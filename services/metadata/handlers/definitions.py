"""What the metadata service answers: load → decide → commit → reply."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from libs.shared import exact
from libs.shared.bodies import read_object
from libs.shared.contracts import apps as contracts
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.errors import invalid_field, not_found
from libs.shared.etags import demanded_versions, etag, refuse_other
from libs.shared.paging import page_of, positive
from libs.shared.postgres.databases import Connection, Database
from libs.shared.schema.ui_configs import DEFAULT
from libs.shared.schema.validation_errors import refuse_unknown
from services.metadata.apps import lifecycle as apps
from services.metadata.checking.kinds import Kind, kind_named
from services.metadata.editing.change import Change, Work, change_schema
from services.metadata.editing.dry_run import plan_change
from services.metadata.handlers.warnings import warned, with_warnings
from services.metadata.state import State
from services.metadata.store import definitions as store
from services.metadata.store import history as versions

UI_CONFIGS = "ui-configs"


async def create_app(state: State, context: Context, request: contracts.CreateApp) -> Response:
    app = apps.parse_app(read_object(request.body), state.core.databases.servers)
    row, seeded = await apps.create(state.core, context, app)
    if seeded.invite is None:
        return Response(201, b'{"data":' + row + b"}")
    # A secret, shown this once.
    invited = b'{"data":' + row[:-1] + b',"admin_invite":' + exact.dumps(seeded.invite) + b"}}"
    return Response(201, invited, {"Cache-Control": "no-store"})


async def list_apps(state: State, context: Context, request: contracts.ListApps) -> Response:
    return Response(body=b'{"data":' + await store.list_apps(state.core.databases.platform) + b"}")


async def get_app(state: State, context: Context, request: contracts.GetApp) -> Response:
    row = await store.get_app(state.core.databases.platform, request.app_name)
    if row is None:
        raise not_found("App")
    return Response(body=b'{"data":' + row + b"}")


async def change_app(state: State, context: Context, request: contracts.ChangeApp) -> Response:
    row = await apps.change(state.core, request.app_name, read_object(request.body))
    return Response(body=b'{"data":' + row + b"}")


async def delete_app(state: State, context: Context, request: contracts.DeleteApp) -> Response:
    await apps.delete(state.core, request.app_name)
    return _answer({"name": request.app_name, "deleted": True})


async def find_apps(state: State, context: Context, request: contracts.FindApps) -> contracts.AppList:
    rows = await store.find_apps(state.core.databases.platform, request.app_name, request.app_id)
    return contracts.AppList([(row["id"], row["name"], row["database"], row["server"]) for row in rows])


async def find_origins(state: State, context: Context, request: contracts.FindOrigins) -> contracts.Origins:
    return contracts.Origins(await store.find_origins(state.core.databases.platform, context.the_app.id))


async def list_definitions(state: State, context: Context, request: contracts.ListDefinitions) -> Response:
    kind = kind_named(request.kind)
    rows = await store.list_definitions(state.core.databases.of(context.the_app), kind.name)
    return _answer([kind.shown(row) for row in rows])


async def get_definition(state: State, context: Context, request: contracts.GetDefinition) -> Response:
    kind, database = kind_named(request.kind), state.core.databases.of(context.the_app)
    row = await store.find_definition(database, kind.name, request.id, kind.named)
    if row is None:
        raise not_found(kind.label)
    wanted = dict(request.query).get("version")
    if wanted is None:
        return _tagged(_answer(kind.shown(row)), await versions.latest(database, row.id))
    then = await _version(database, kind, row, positive(wanted))
    return _tagged(_answer(kind.shown(replace(row, document=then.document, updated_at=then.at))), then.number)


async def list_versions(state: State, context: Context, request: contracts.ListVersions) -> Response:
    kind, database = kind_named(request.kind), state.core.databases.of(context.the_app)
    row = await store.find_definition(database, kind.name, request.id, kind.named)
    if row is None:
        raise not_found(kind.label)
    page = page_of(dict(request.query), 50)
    data = await versions.listing(database, row.id, page)
    return Response(body=exact.dumps({"data": data, "meta": page.meta(await versions.latest(database, row.id))}))


async def list_ui_configs(state: State, context: Context, request: contracts.ListUiConfigs) -> Response:
    return _answer(await _ui_configs(state, context))


async def get_ui_config(state: State, context: Context, request: contracts.GetUiConfig) -> Response:
    found = (row for row in await _ui_configs(state, context) if row["entity"] == request.entity_name)
    return _answer(next(found, None))


async def _ui_configs(state: State, context: Context) -> list[dict[str, Any]]:
    rows = await store.list_definitions(state.core.databases.of(context.the_app), UI_CONFIGS)
    return [kind_named(UI_CONFIGS).shown(row) for row in rows if row.document["scope"] == DEFAULT]


async def create_definition(state: State, context: Context, request: contracts.CreateDefinition) -> Response:
    kind = kind_named(request.kind)
    document = kind.plain(read_object(request.body))
    definition = kind.parse(document)

    async def work(change: Change) -> Changed:
        return Changed(await change.create(kind, document, definition), 1)

    def created(changed: Changed) -> Response:
        shown = kind.acknowledged(changed.row)
        secret = kind.hooks.secret(state.core.settings.secret_key, context.the_app.id, changed.row)
        # An Idempotency-Key keeps its answer; a secret is shown once and kept nowhere.
        answer = replace(_answer({**shown, **secret}, 201), kept=_answer(shown, 201).body if secret else None)
        return _tagged(answer, changed.version)

    return await _carry_out(state, context, request.query, work, created)


async def replace_definition(state: State, context: Context, request: contracts.ReplaceDefinition) -> Response:
    sent = read_object(request.body)

    async def next_document(change: Change, old: store.Definition) -> dict[str, Any]:
        return sent

    return await _change_one(state, context, request, next_document)


async def patch_definition(state: State, context: Context, request: contracts.PatchDefinition) -> Response:
    kind, sent = kind_named(request.kind), read_object(request.body)

    async def next_document(change: Change, old: store.Definition) -> dict[str, Any]:
        return {**old.document, **kind.plain(sent, old)}

    return await _change_one(state, context, request, next_document)


async def restore_definition(state: State, context: Context, request: contracts.RestoreDefinition) -> Response:
    kind, sent = kind_named(request.kind), read_object(request.body)
    refuse_unknown(sent, ("version",))
    number = sent.get("version")
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise invalid_field("version", "version must be the number of a version")

    async def next_document(change: Change, old: store.Definition) -> dict[str, Any]:
        then = await _version(change.transaction, kind, old, number)
        live = change.schema.entities.get(str(old.key)) if kind.name == "entities" else None
        if live is None:
            return then.document
        return versions.with_renames(then.document, then.ids, old.ids, {f.name for f in live.definition.fields})

    return await _change_one(state, context, request, next_document)


async def delete_definition(state: State, context: Context, request: contracts.DeleteDefinition) -> Response:
    kind = kind_named(request.kind)

    async def work(change: Change) -> Changed:
        old, version = await _locked(change, kind, request)
        await change.delete(old)
        return Changed(old, version)

    def deleted(changed: Changed) -> Response:
        return _answer({"name" if kind.named else "id": _handle(kind, changed.row), "deleted": True})

    return await _carry_out(state, context, request.query, work, deleted)


@dataclass(frozen=True, slots=True)
class Changed:
    """A definition after a change (before it, where it was deleted), and the number of its newest version."""

    row: store.Definition
    version: int


async def _change_one(
    state: State,
    context: Context,
    request: contracts.ReplaceDefinition | contracts.PatchDefinition | contracts.RestoreDefinition,
    next_document: Callable[[Change, store.Definition], Awaitable[dict[str, Any]]],
) -> Response:
    """Give a definition its next document, unless it has changed since the caller saw it."""
    kind = kind_named(request.kind)

    async def work(change: Change) -> Changed:
        old, version = await _locked(change, kind, request)
        document = kind.completed(await next_document(change, old), old)
        row = await change.replace(kind, old, document, kind.parse(document))
        return Changed(row, version + sum(touched.id == row.id for _, touched in change.touched))

    return await _carry_out(
        state,
        context,
        request.query,
        work,
        lambda changed: _tagged(_answer(kind.acknowledged(changed.row)), changed.version),
    )


async def _locked(
    change: Change,
    kind: Kind,
    request: contracts.ReplaceDefinition
    | contracts.PatchDefinition
    | contracts.RestoreDefinition
    | contracts.DeleteDefinition,
) -> tuple[store.Definition, int]:
    """A definition that nobody else can change now, and its version. Raises NOT_FOUND, PRECONDITION_FAILED."""
    old = await change.find(kind, request.id)
    version = await versions.latest(change.transaction, old.id)
    refuse_other(version, demanded_versions(request.if_match), kind.label.lower())
    return old, version


async def _version(database: Database | Connection, kind: Kind, row: store.Definition, number: int) -> versions.Version:
    """A version of a definition. Raises NOT_FOUND."""
    found = await versions.find(database, row.id, number)
    if found is None:
        raise not_found(f"Version of the {kind.label.lower()}")
    return found


async def _carry_out(
    state: State,
    context: Context,
    query: contracts.Pairs,
    work: Work[Changed],
    reply: Callable[[Changed], Response],
) -> Response:
    """Make the change, or answer the plan of it where a dry run is asked for."""
    dry = dict(query).get("dry_run", "false")
    if dry not in ("true", "false"):
        raise invalid_field("dry_run", "dry_run must be true or false")
    if dry == "true":
        plan = await plan_change(state, context, work)
        return with_warnings(_answer(plan.shown()), plan.doubts)
    row, warnings = await change_schema(state, context, warned(work))
    return with_warnings(reply(row), warnings)


async def get_schema(state: State, context: Context, request: contracts.GetSchema) -> contracts.SchemaSnapshot:
    version, document = await store.load_schema(state.core.databases.of(context.the_app))
    return contracts.SchemaSnapshot(version, document)


async def list_names(state: State, context: Context, request: contracts.ListNames) -> contracts.NamesEver:
    return contracts.NamesEver(*await store.names_ever(state.core.databases.of(context.the_app)))


async def get_definitions_as_of(
    state: State, context: Context, request: contracts.GetDefinitionsAsOf
) -> contracts.DefinitionsThen:
    database = state.core.databases.of(context.the_app)
    return contracts.DefinitionsThen(await store.definitions_as_of(database, request.kind, request.version))


def _handle(kind: Kind, row: store.Definition) -> str:
    return row.key if kind.named and row.key else row.id


def _tagged(answer: Response, version: int) -> Response:
    return replace(answer, headers={**answer.headers, **etag(version)})


def _answer(data: Any, status: int = 200) -> Response:
    return Response(status, exact.dumps({"data": data}))
