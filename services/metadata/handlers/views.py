"""Saved views of lists: one's own, and those that admins share."""

from __future__ import annotations

import uuid

from libs.shared.bodies import parse_body
from libs.shared.contracts import views as contracts
from libs.shared.contracts.context import Context, Identity
from libs.shared.contracts.messages import Response
from libs.shared.contracts.views import MINE, ViewBody, ViewChangeBody
from libs.shared.errors import RocketError, invalid_field, not_found
from libs.shared.etags import demanded_versions, refuse_other
from libs.shared.ids import parse_uuid
from libs.shared.postgres.databases import Connection
from services.metadata.checking.references.names import unknown_entity
from services.metadata.editing import views
from services.metadata.handlers import replies
from services.metadata.handlers.replies import tagged
from services.metadata.model.schema import LiveSchema
from services.metadata.model.view import SavedView
from services.metadata.state import State
from services.metadata.store import definitions
from services.metadata.store import views as store
from services.metadata.store.views import NewView


async def list_views(state: State, context: Context, request: contracts.ListViews) -> Response:
    entity = dict(request.query).get("entity")
    caller = context.user
    found = await store.list_seen(state.core.databases.of(context.the_app), caller, entity)
    return replies.data([view.to_dict(caller) for view in found if _is_within_scopes(view, caller)])


async def get_view(state: State, context: Context, request: contracts.GetView) -> Response:
    caller = context.user
    view = await store.find(state.core.databases.of(context.the_app), caller, _id(request.id))
    if view is None or not _is_within_scopes(view, caller):
        raise not_found("View")
    return _shown(view, caller)


async def create_view(state: State, context: Context, request: contracts.CreateView) -> Response:
    caller, body = context.user, parse_body(ViewBody, request.body)
    _check_scope(body.scope, caller)
    async with state.transactions.begin(context.the_app, emits=body.scope != MINE) as transaction:
        await _check_entity(transaction.connection, body.entity)
        new = NewView(body.entity, body.name, body.scope, body.state, caller.id, caller.email)
        view = await views.create(transaction.connection, new)
        transaction.emit(*views.audit_of(context, None, view))
    return _shown(view, caller, 201)


async def replace_view(state: State, context: Context, request: contracts.ReplaceView) -> Response:
    body = parse_body(ViewBody, request.body)
    return await _change(state, context, request, ViewChangeBody(**body.model_dump()))


async def patch_view(state: State, context: Context, request: contracts.PatchView) -> Response:
    return await _change(state, context, request, parse_body(ViewChangeBody, request.body))


async def delete_view(state: State, context: Context, request: contracts.DeleteView) -> Response:
    async with state.transactions.begin(context.the_app) as transaction:
        old = await _locked(transaction.connection, context.user, request)
        await store.delete(transaction.connection, old.id)
        transaction.emit(*views.audit_of(context, old, None))
    return replies.data({"id": old.id, "deleted": True})


async def _change(
    state: State, context: Context, request: contracts.ReplaceView | contracts.PatchView, body: ViewChangeBody
) -> Response:
    caller = context.user
    async with state.transactions.begin(context.the_app) as transaction:
        old = await _locked(transaction.connection, caller, request)
        new = _changed(old, body, caller)
        _check_scope(new.scope, caller)
        if new.entity != old.entity:
            await _check_entity(transaction.connection, new.entity)
        view = await views.replace(transaction.connection, old, new)
        transaction.emit(*views.audit_of(context, old, view))
    return _shown(view, caller)


def _changed(old: SavedView, body: ViewChangeBody, caller: Identity) -> NewView:
    """The view with the values that are sent. Who makes a shared view their own becomes its owner."""
    scope = body.scope or old.scope
    state = old.state if body.state is None else body.state
    owner = (caller.id, caller.email) if old.is_shared and scope == MINE else (old.owner, old.owner_email)
    return NewView(body.entity or old.entity, body.name or old.name, scope, state, *owner)


async def _locked(
    transaction: Connection,
    caller: Identity,
    request: contracts.ReplaceView | contracts.PatchView | contracts.DeleteView,
) -> SavedView:
    """A view that the caller may change. Raises NOT_FOUND, FORBIDDEN, PRECONDITION_FAILED."""
    view = await store.lock(transaction, caller, _id(request.id))
    if view is None or not _is_within_scopes(view, caller):
        raise not_found("View")
    if not view.may_be_changed_by(caller):
        raise RocketError("FORBIDDEN", "Only admins may change views that are shared")
    refuse_other(view.version, demanded_versions(request.if_match), "view")
    return view


async def _check_entity(transaction: Connection, name: str) -> None:
    """Raises VALIDATION_FAILED for an unknown entity; one that is there stays until the end of the transaction."""
    if not await store.has_entity(transaction, name):
        schema = LiveSchema.of(await definitions.list_shapes(transaction))
        raise invalid_field("entity", unknown_entity(schema, name) or f"Unknown entity: {name}")


def _check_scope(scope: str, caller: Identity) -> None:
    if scope != MINE and not caller.is_admin:
        raise RocketError("FORBIDDEN", "Only admins may share views")


def _is_within_scopes(view: SavedView, caller: Identity) -> bool:
    """Whether an API key may read the entity of a shared view."""
    return not view.is_shared or caller.allows(view.entity, "read")


def _shown(view: SavedView, caller: Identity, status: int = 200) -> Response:
    return tagged(replies.data(view.to_dict(caller), status), view.version)


def _id(text: str) -> uuid.UUID:
    found = parse_uuid(text)
    if found is None:
        raise not_found("View")
    return found
