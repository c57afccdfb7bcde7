"""The shared views of a document: read, imported, applied. Users' own ones are not part of documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from libs.shared.bodies import validate
from libs.shared.contracts.context import Identity
from libs.shared.contracts.views import MINE, ViewBody
from libs.shared.errors import invalid_field
from services.metadata.checking.references.names import unknown_entity
from services.metadata.editing import views
from services.metadata.editing.change import Change
from services.metadata.import_export.locating import located
from services.metadata.store import views as store
from services.metadata.store.views import NewView

SECTION = "views"
Key = tuple[str, str, str]


def read(sent: Sequence[Mapping[str, Any]]) -> Iterator[ViewBody]:
    """The views of a document's section. Raises VALIDATION_FAILED with the path of the first wrong one."""
    for number, view in enumerate(sent):
        with located(f"{SECTION}[{number}]"):
            body = validate(ViewBody, view)
            if body.scope == MINE:
                raise invalid_field("scope", "scope must be all or role:<role> in a document")
            yield body


async def define(change: Change, wanted: Sequence[ViewBody], owner: Identity) -> int:
    """Create the views that do not exist yet; returns their number."""
    there = {_key(view) for view in await store.list_shared(change.transaction)} if wanted else set()
    missing = [(number, body) for number, body in enumerate(wanted) if _key(body) not in there]
    for number, body in missing:
        with located(f"{SECTION}[{number}]"):
            await _create(change, body, owner)
    return len(missing)


async def apply(change: Change, wanted: Sequence[ViewBody], owner: Identity, prune: bool) -> None:
    """Create missing views and replace different ones; with `prune`, delete the others."""
    there = {_key(view): view for view in await store.list_shared(change.transaction)}
    for number, body in enumerate(wanted):
        old = there.pop(_key(body), None)
        with located(f"{SECTION}[{number}]"):
            if old is None:
                await _create(change, body, owner)
            elif old.state != body.state:
                new = NewView(old.entity, old.name, old.scope, body.state, old.owner, old.owner_email)
                change.views.append((old, await views.replace(change.transaction, old, new)))
    for old in there.values() if prune else ():
        await store.delete(change.transaction, old.id)
        change.views.append((old, None))


async def _create(change: Change, body: ViewBody, owner: Identity) -> None:
    if wrong := unknown_entity(change.schema, body.entity):
        raise invalid_field("entity", wrong)
    new = NewView(body.entity, body.name, body.scope, body.state, owner.id, owner.email)
    change.views.append((None, await views.create(change.transaction, new)))


def _key(view: Any) -> Key:
    return view.entity, view.scope, view.name
