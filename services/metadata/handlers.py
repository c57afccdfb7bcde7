"""What the metadata service answers: load → decide → commit → reply."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from libs.shared import exact
from libs.shared.bodies import read_object
from libs.shared.contracts import apps as ask
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Answer
from libs.shared.errors import invalid_field, not_found
from services.metadata import apps, store
from services.metadata.changes import Change, Work, change_schema
from services.metadata.kinds import Kind, kind_named
from services.metadata.planning import plan_change
from services.metadata.state import State
from services.metadata.warnings import warned, with_warnings


async def create_app(state: State, context: Context, question: ask.CreateApp) -> Answer:
    app = apps.parse_app(read_object(question.body), state.core.databases.servers)
    row, seeded = await apps.create(state.core, context, app)
    if seeded.invite is None:
        return Answer(201, b'{"data":' + row + b"}")
    # A secret, shown this once.
    invited = b'{"data":' + row[:-1] + b',"admin_invite":' + exact.dumps(seeded.invite) + b"}}"
    return Answer(201, invited, {"Cache-Control": "no-store"})


async def list_apps(state: State, context: Context, question: ask.ListApps) -> Answer:
    return Answer(body=b'{"data":' + await store.list_apps(state.core.databases.platform) + b"}")


async def get_app(state: State, context: Context, question: ask.GetApp) -> Answer:
    row = await store.get_app(state.core.databases.platform, question.app_name)
    if row is None:
        raise not_found("App")
    return Answer(body=b'{"data":' + row + b"}")


async def change_app(state: State, context: Context, question: ask.ChangeApp) -> Answer:
    row = await apps.change(state.core, question.app_name, read_object(question.body))
    return Answer(body=b'{"data":' + row + b"}")


async def delete_app(state: State, context: Context, question: ask.DeleteApp) -> Answer:
    await apps.delete(state.core, question.app_name)
    return _answer({"name": question.app_name, "deleted": True})


async def find_apps(state: State, context: Context, question: ask.FindApps) -> ask.AppList:
    rows = await store.find_apps(state.core.databases.platform, question.app_name, question.app_id)
    return ask.AppList([(row["id"], row["name"], row["database"], row["server"]) for row in rows])


async def find_origins(state: State, context: Context, question: ask.FindOrigins) -> ask.Origins:
    return ask.Origins(await store.find_origins(state.core.databases.platform, context.the_app.id))


async def list_definitions(state: State, context: Context, question: ask.ListDefinitions) -> Answer:
    kind = kind_named(question.kind)
    rows = await store.list_definitions(state.core.databases.of(context.the_app), kind.name)
    return _answer([kind.shown(row) for row in rows])


async def get_definition(state: State, context: Context, question: ask.GetDefinition) -> Answer:
    kind = kind_named(question.kind)
    row = await store.find_definition(state.core.databases.of(context.the_app), kind.name, question.id, kind.named)
    if row is None:
        raise not_found(kind.label)
    return _answer(kind.shown(row))


async def create_definition(state: State, context: Context, question: ask.CreateDefinition) -> Answer:
    kind = kind_named(question.kind)
    document = kind.plain(read_object(question.body))
    definition = kind.parse(document)

    async def work(change: Change) -> store.Definition:
        return await change.create(kind, document, definition)

    def created(row: store.Definition) -> Answer:
        shown = kind.acknowledged(row)
        secret = kind.hooks.secret(state.core.settings.secret_key, context.the_app.id, row)
        # An Idempotency-Key keeps its answer; a secret is shown once and kept nowhere.
        return replace(_answer({**shown, **secret}, 201), kept=_answer(shown, 201).body if secret else None)

    return await _carry_out(state, context, question.query, work, created)


async def replace_definition(state: State, context: Context, question: ask.ReplaceDefinition) -> Answer:
    kind = kind_named(question.kind)
    sent = read_object(question.body)

    async def work(change: Change) -> store.Definition:
        old = await change.find(kind, question.id)
        document = kind.completed(sent, old)
        return await change.replace(kind, old, document, kind.parse(document))

    return await _carry_out(state, context, question.query, work, lambda row: _answer(kind.acknowledged(row)))


async def delete_definition(state: State, context: Context, question: ask.DeleteDefinition) -> Answer:
    kind = kind_named(question.kind)

    async def work(change: Change) -> store.Definition:
        old = await change.find(kind, question.id)
        await change.delete(old)
        return old

    def deleted(old: store.Definition) -> Answer:
        return _answer({"name" if kind.named else "id": _handle(kind, old), "deleted": True})

    return await _carry_out(state, context, question.query, work, deleted)


async def _carry_out(
    state: State,
    context: Context,
    query: ask.Pairs,
    work: Work[store.Definition],
    reply: Callable[[store.Definition], Answer],
) -> Answer:
    """Make the change, or answer the plan of it where a dry run is asked for."""
    dry = dict(query).get("dry_run", "false")
    if dry not in ("true", "false"):
        raise invalid_field("dry_run", "dry_run must be true or false")
    if dry == "true":
        plan = await plan_change(state, context, work)
        return with_warnings(_answer(plan.shown()), plan.doubts)
    row, warnings = await change_schema(state, context, warned(work))
    return with_warnings(reply(row), warnings)


async def get_schema(state: State, context: Context, question: ask.GetSchema) -> ask.SchemaSnapshot:
    version, document = await store.load_schema(state.core.databases.of(context.the_app))
    return ask.SchemaSnapshot(version, document)


async def list_names(state: State, context: Context, question: ask.ListNames) -> ask.NamesEver:
    return ask.NamesEver(*await store.names_ever(state.core.databases.of(context.the_app)))


async def get_definitions_as_of(
    state: State, context: Context, question: ask.GetDefinitionsAsOf
) -> ask.DefinitionsThen:
    database = state.core.databases.of(context.the_app)
    return ask.DefinitionsThen(await store.definitions_as_of(database, question.kind, question.version))


def _handle(kind: Kind, row: store.Definition) -> str:
    return row.key if kind.named and row.key else row.id


def _answer(data: Any, status: int = 200) -> Answer:
    return Answer(status, exact.dumps({"data": data}))
