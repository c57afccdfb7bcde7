"""Saved views within a transaction: stored within their limits, audited if they are shared, following their entity."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from libs.shared.contracts.audit import audited
from libs.shared.contracts.context import Context
from libs.shared.contracts.signals import DefinitionChanged
from libs.shared.contracts.views import MINE
from libs.shared.errors import RocketError, detail_of, invalid_field
from libs.shared.postgres.databases import Connection
from libs.shared.postgres.errors import UniqueViolation
from services.metadata.checking.renames import Renames
from services.metadata.model.view import SavedView
from services.metadata.planning.view_names import renamed_in_state
from services.metadata.store import views as store
from services.metadata.store.views import NewView

MAX_OWN = 200
"""Views of one user."""
MAX_SHARED = 500
"""Shared views of one app."""
AUDITED = "_views"


async def create(transaction: Connection, new: NewView) -> SavedView:
    """Store a new view. Raises VALIDATION_FAILED where there are too many, CONFLICT where the name is taken."""
    await check_room(transaction, new)
    with _unique():
        return await store.insert(transaction, new)


async def replace(transaction: Connection, old: SavedView, new: NewView) -> SavedView:
    """Replace a view. Raises as `create` does."""
    if (old.scope == MINE) != (new.scope == MINE):
        await check_room(transaction, new)
    with _unique():
        return await store.replace(transaction, old.id, new)


async def check_room(transaction: Connection, new: NewView) -> None:
    """Raises VALIDATION_FAILED if there are too many views already."""
    if new.scope == MINE:
        if await store.count_own(transaction, new.owner) >= MAX_OWN:
            raise invalid_field("scope", f"You may have {MAX_OWN} views of your own", "limit")
    elif await store.count_shared(transaction) >= MAX_SHARED:
        raise invalid_field("scope", f"An app may have {MAX_SHARED} shared views", "limit")


def audit_of(context: Context, before: SavedView | None, after: SavedView | None) -> list[DefinitionChanged]:
    """The audit signal of a change of what others see; nothing is told of a user's own views."""
    old, new = _shared(before), _shared(after)
    view = after or before
    if view is None or (old is None and new is None):
        return []
    action = "create" if old is None else "delete" if new is None else "update"
    fields = audited(context, AUDITED, view.id, action, old, new)
    return [DefinitionChanged(trace_id=context.trace_id, subject=f"{AUDITED}/{view.id}", **fields)]


async def follow_rename(transaction: Connection, entity: str, new_name: str, renamed: Renames) -> None:
    """Rename an entity and its fields in all its views."""
    for view in await store.list_of_entity(transaction, entity):
        state = renamed_in_state(view.state, renamed)
        if (new_name, state) != (entity, view.state):
            values = NewView(new_name, view.name, view.scope, state, view.owner, view.owner_email)
            await store.replace(transaction, view.id, values)


def _shared(view: SavedView | None) -> dict[str, Any] | None:
    return view.document if view is not None and view.is_shared else None


@contextlib.contextmanager
def _unique() -> Iterator[None]:
    try:
        yield
    except UniqueViolation:
        message = "There is a view of this entity with this name and scope"
        raise RocketError("CONFLICT", message, [detail_of("name", "is taken", "unique")]) from None
