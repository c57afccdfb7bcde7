"""The settings of an app: one document, with versions as definitions have them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from libs.shared import exact
from libs.shared.bodies import parse_body, read_object
from libs.shared.contracts import settings as contracts
from libs.shared.contracts.app_bodies import RestoreBody
from libs.shared.contracts.apps import AppsChanged
from libs.shared.contracts.context import Context
from libs.shared.contracts.identity import ClosePasswords
from libs.shared.contracts.messages import Response
from libs.shared.errors import not_found
from libs.shared.etags import demanded_versions, refuse_other
from libs.shared.paging import page_of, positive
from libs.shared.postgres.databases import Connection, Database, after_commit
from libs.shared.schema.app_settings import AppSettings
from libs.shared.schema.kinds import SETTINGS
from services.metadata.checking.parsing import parse
from services.metadata.editing.change import Change
from services.metadata.editing.transaction import change_schema
from services.metadata.handlers import replies
from services.metadata.handlers.definitions import PAGE_SIZE
from services.metadata.handlers.replies import tagged
from services.metadata.model import versions
from services.metadata.model.definition import Definition
from services.metadata.state import State
from services.metadata.store import definitions, history

Document = dict[str, Any]
NextDocument = Callable[[Connection, Definition | None], Awaitable[Document]]
EMPTY: Document = exact.document(AppSettings())
"""The settings of an app that has never changed them: version 0."""


async def get_settings(state: State, context: Context, request: contracts.GetSettings) -> Response:
    database = state.core.databases.of(context.the_app)
    row = await _row(database)
    wanted = dict(request.query).get("version")
    if wanted is not None:
        return tagged(replies.data(await _document_then(database, row, positive(wanted))), positive(wanted))
    version = await history.latest(database, row.id) if row else 0
    return tagged(replies.data(_whole(row)), version)


async def replace_settings(state: State, context: Context, request: contracts.ReplaceSettings) -> Response:
    sent = read_object(request.body)

    async def next_document(transaction: Connection, old: Definition | None) -> Document:
        return sent

    return await _change(state, context, request, next_document)


async def patch_settings(state: State, context: Context, request: contracts.PatchSettings) -> Response:
    sent = read_object(request.body)
    parse(SETTINGS, sent)  # also what null takes away must be known

    async def next_document(transaction: Connection, old: Definition | None) -> Document:
        merged: Document = merge(_whole(old), sent)
        return merged

    return await _change(state, context, request, next_document)


async def restore_settings(state: State, context: Context, request: contracts.RestoreSettings) -> Response:
    number = parse_body(RestoreBody, request.body).version

    async def next_document(transaction: Connection, old: Definition | None) -> Document:
        return await _document_then(transaction, old, number)

    return await _change(state, context, request, next_document)


async def list_versions(state: State, context: Context, request: contracts.ListSettingsVersions) -> Response:
    database = state.core.databases.of(context.the_app)
    page, row = page_of(dict(request.query), PAGE_SIZE), await _row(database)
    if row is None:
        return replies.page([], page.meta(0))
    listed = versions.listed(await history.page_of_versions(database, row.id, page), page.size)
    return replies.page(listed, page.meta(await history.latest(database, row.id)))


def merge(old: Any, patch: Any) -> Any:
    """A JSON Merge Patch (RFC 7386) applied to a value. Pure."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(old) if isinstance(old, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged


async def _change(
    state: State,
    context: Context,
    request: contracts.ReplaceSettings | contracts.PatchSettings | contracts.RestoreSettings,
    next_document: NextDocument,
) -> Response:
    """Give the app its next settings, unless they have changed since the caller saw them."""

    async def work(change: Change) -> tuple[Definition, int]:
        old = await _row(change.transaction)
        version = await history.latest(change.transaction, old.id) if old else 0
        refuse_other(version, demanded_versions(request.if_match), "settings")
        document = await next_document(change.transaction, old)
        definition = parse(SETTINGS, document)
        if definition.closes_passwords and not (old and AppSettings.stored(old.document).closes_passwords):
            await state.core.rpc.request(ClosePasswords(), context)
        if old is None:
            row = await change.create(SETTINGS, document, definition)
        else:
            row = await change.replace(SETTINGS, old, document, definition)
        return row, version + 1

    (row, version), _ = await change_schema(state, context, work)
    # Gateways remember the origins of apps.
    app = context.the_app
    await after_commit(partial(state.core.connection.announce, AppsChanged(app_id=app.id, app_name=app.name)))
    return tagged(replies.data(_whole(row)), version)


async def _row(database: Database | Connection) -> Definition | None:
    rows = await definitions.list_of_kind(database, SETTINGS.name)
    return rows[0] if rows else None


async def _document_then(database: Database | Connection, row: Definition | None, number: int) -> Document:
    """The settings at a version. Raises NOT_FOUND."""
    found = await history.find(database, row.id, number) if row else None
    if found is None:
        raise not_found("Version of the settings")
    return found.document


def _whole(row: Definition | None) -> Document:
    """All settings, also those that did not exist when they were saved."""
    return EMPTY if row is None else exact.document(AppSettings.stored(row.document))
