"""Definitions of all kinds: read, created, replaced, changed in part, restored, deleted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from libs.shared.bodies import parse_body, read_object
from libs.shared.contracts import definitions as contracts
from libs.shared.contracts.app_bodies import RestoreBody
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.contracts.records import Pairs
from libs.shared.errors import invalid_field, not_found
from libs.shared.etags import demanded_versions, refuse_other
from libs.shared.paging import page_of, positive
from libs.shared.postgres.databases import Connection, Database
from libs.shared.schema.kinds import DefinitionKind
from services.metadata.checking import secrets
from services.metadata.checking.documents import completed, unwrapped
from services.metadata.checking.parsing import parse
from services.metadata.editing.change import Change
from services.metadata.editing.dry_run import plan_change
from services.metadata.editing.kinds import HOOKS
from services.metadata.editing.transaction import Work, change_schema
from services.metadata.handlers import replies
from services.metadata.handlers.replies import kind_named, tagged, with_warnings
from services.metadata.model import versions
from services.metadata.model.definition import Definition
from services.metadata.state import State
from services.metadata.store import definitions, history

PAGE_SIZE = 50
"""Versions of a page."""


async def list_definitions(state: State, context: Context, request: contracts.ListDefinitions) -> Response:
    kind = kind_named(request.kind)
    rows = await definitions.list_of_kind(state.core.databases.of(context.the_app), kind.name)
    return replies.data([replies.to_dict(kind, row) for row in rows])


async def get_definition(state: State, context: Context, request: contracts.GetDefinition) -> Response:
    kind, database = kind_named(request.kind), state.core.databases.of(context.the_app)
    row = await _found(database, kind, request.id)
    wanted = dict(request.query).get("version")
    if wanted is None:
        return tagged(replies.data(replies.to_dict(kind, row)), await history.latest(database, row.id))
    then = await _version(database, kind, row, positive(wanted))
    row = replace(row, document=then.document, updated_at=then.at)
    return tagged(replies.data(replies.to_dict(kind, row)), then.number)


async def list_versions(state: State, context: Context, request: contracts.ListVersions) -> Response:
    kind, database = kind_named(request.kind), state.core.databases.of(context.the_app)
    row = await _found(database, kind, request.id)
    page = page_of(dict(request.query), PAGE_SIZE)
    listed = versions.listed(await history.page_of_versions(database, row.id, page), page.size)
    return replies.page(listed, page.meta(await history.latest(database, row.id)))


async def create_definition(state: State, context: Context, request: contracts.CreateDefinition) -> Response:
    kind = kind_named(request.kind)
    encrypt = secrets.encrypting(state.core.settings.secret_key, context.the_app.id)
    document = secrets.sealed(kind, unwrapped(kind, read_object(request.body)), None, encrypt)
    definition = parse(kind, document)

    async def work(change: Change) -> Changed:
        return Changed(await change.create(kind, document, definition), 1)

    def reply(changed: Changed) -> Response:
        shown = replies.acknowledged(kind, changed.row)
        hooks = HOOKS.get(kind.name)
        secret = hooks.secret(state.core.settings.secret_key, context.the_app.id, changed.row) if hooks else {}
        # A response is stored under its Idempotency-Key, but a secret is shown once and stored nowhere.
        kept = replies.data(shown, 201).body if secret else None
        return tagged(replace(replies.data({**shown, **secret}, 201), kept=kept), changed.version)

    return await _carry_out(state, context, request.query, work, reply)


async def replace_definition(state: State, context: Context, request: contracts.ReplaceDefinition) -> Response:
    kind, sent = kind_named(request.kind), read_object(request.body)
    encrypt = secrets.encrypting(state.core.settings.secret_key, context.the_app.id)

    async def next_document(change: Change, old: Definition) -> dict[str, Any]:
        return secrets.sealed(kind, sent, old.document, encrypt)

    return await _change_one(state, context, request, next_document)


async def patch_definition(state: State, context: Context, request: contracts.PatchDefinition) -> Response:
    kind, sent = kind_named(request.kind), read_object(request.body)
    encrypt = secrets.encrypting(state.core.settings.secret_key, context.the_app.id)

    async def next_document(change: Change, old: Definition) -> dict[str, Any]:
        return {**old.document, **secrets.sealed(kind, unwrapped(kind, sent, old), old.document, encrypt)}

    return await _change_one(state, context, request, next_document)


async def restore_definition(state: State, context: Context, request: contracts.RestoreDefinition) -> Response:
    kind, number = kind_named(request.kind), parse_body(RestoreBody, request.body).version

    async def next_document(change: Change, old: Definition) -> dict[str, Any]:
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

    def reply(changed: Changed) -> Response:
        handle = {"name": changed.row.key} if kind.addressed_by_name else {"id": changed.row.id}
        return replies.data({**handle, "deleted": True})

    return await _carry_out(state, context, request.query, work, reply)


@dataclass(frozen=True, slots=True)
class Changed:
    """A definition after a change (before it, if it was deleted), and the number of its newest version."""

    row: Definition
    version: int


async def _change_one(
    state: State,
    context: Context,
    request: contracts.ReplaceDefinition | contracts.PatchDefinition | contracts.RestoreDefinition,
    next_document: Callable[[Change, Definition], Awaitable[dict[str, Any]]],
) -> Response:
    """Give a definition its next document, unless it has changed since the caller saw it."""
    kind = kind_named(request.kind)

    async def work(change: Change) -> Changed:
        old, version = await _locked(change, kind, request)
        document = completed(kind, await next_document(change, old), old)
        row = await change.replace(kind, old, document, parse(kind, document))
        return Changed(row, version + sum(touched.id == row.id for _, touched in change.touched))

    def reply(changed: Changed) -> Response:
        return tagged(replies.data(replies.acknowledged(kind, changed.row)), changed.version)

    return await _carry_out(state, context, request.query, work, reply)


async def _carry_out(
    state: State, context: Context, query: Pairs, work: Work[Changed], reply: Callable[[Changed], Response]
) -> Response:
    """Make the change, or return its plan for a dry run."""
    dry = dict(query).get("dry_run", "false")
    if dry not in ("true", "false"):
        raise invalid_field("dry_run", "dry_run must be true or false")
    if dry == "true":
        plan = await plan_change(state, context, work)
        return with_warnings(replies.data(plan.to_dict()), plan.warnings)
    changed, change = await change_schema(state, context, work)
    return with_warnings(reply(changed), change.warnings)


async def _locked(
    change: Change,
    kind: DefinitionKind,
    request: contracts.ReplaceDefinition
    | contracts.PatchDefinition
    | contracts.RestoreDefinition
    | contracts.DeleteDefinition,
) -> tuple[Definition, int]:
    """A definition, locked against other changes, and its version. Raises NOT_FOUND, PRECONDITION_FAILED."""
    old = await change.find(kind, request.id)
    version = await history.latest(change.transaction, old.id)
    refuse_other(version, demanded_versions(request.if_match), kind.label.lower())
    return old, version


async def _found(database: Database, kind: DefinitionKind, handle: str) -> Definition:
    """The definition by id or name. Raises NOT_FOUND."""
    row = await definitions.find(database, kind, handle)
    if row is None:
        raise not_found(kind.label)
    return row


async def _version(
    database: Database | Connection, kind: DefinitionKind, row: Definition, number: int
) -> versions.Version:
    """A version of a definition. Raises NOT_FOUND."""
    found = await history.find(database, row.id, number)
    if found is None:
        raise not_found(f"Version of the {kind.label.lower()}")
    return found
