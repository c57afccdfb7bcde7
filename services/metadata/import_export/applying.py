"""Applies a document: missing definitions are created, different ones are replaced."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from libs.shared.contracts.context import Identity
from libs.shared.schema.kinds import KINDS
from services.metadata.checking.documents import stored
from services.metadata.checking.parsing import parse
from services.metadata.checking.references.notifications import is_built_in
from services.metadata.checking.secrets import with_kept
from services.metadata.editing.change import Change
from services.metadata.import_export import views
from services.metadata.import_export.document import Document, Item, identity
from services.metadata.import_export.locating import located
from services.metadata.model.definition import Definition


async def apply(change: Change, document: Document, prune: bool, author: Identity) -> None:
    """Apply a document; with `prune`, definitions that its sections don't name are deleted.

    Raises what the changes raise. Definitions that refer to entities are deleted first, entities last, so that neither
    is in the other's way.
    """
    there = await _by_identity(change)
    pairs = [(item, _take(there, item)) for item in document.items]
    pruned = document.sections if prune else frozenset()
    left = [row for rows in there.values() for row in rows if KINDS[row.kind].section in pruned]
    left = [row for row in left if not is_built_in(row.kind, row.key)]
    for row in left:
        if row.kind != "entities":
            await change.delete(row)
    for item, old in pairs:
        with located(item.path):
            await _carry_out(change, item, old)
    for row in left:
        if row.kind == "entities":
            await change.delete(row)
    await views.apply(change, document.views, author, views.SECTION in pruned)
    for item, _ in pairs:
        change.review(item.path, item.kind.name, item.kept)


async def _by_identity(change: Change) -> dict[tuple[str, bytes], list[Definition]]:
    there: dict[tuple[str, bytes], list[Definition]] = defaultdict(list)
    for row in await change.everything():
        there[row.kind, identity(KINDS[row.kind], row.document)].append(row)
    return there


def _take(there: dict[tuple[str, bytes], list[Definition]], item: Item) -> Definition | None:
    alike = there[item.kind.name, identity(item.kind, item.kept)]
    return alike.pop(0) if alike else None


async def _carry_out(change: Change, item: Item, old: Definition | None) -> None:
    kind, sent, definition = item.kind, item.sent, item.definition
    if old is None:
        await change.create(kind, sent, definition, lenient=True, path=item.path)
        return
    if kind.name == "entities":
        sent = _without_done_renames(change, sent)
        definition = parse(kind, sent, lenient=True)
    if kind.secrets:
        sent = with_kept(kind, sent, change.latest(old).document)
        definition = parse(kind, sent, lenient=True)
    if stored(kind, sent, definition) != change.latest(old).document:
        await change.replace(kind, change.latest(old), sent, definition, lenient=True, path=item.path)


def _without_done_renames(change: Change, sent: dict[str, Any]) -> dict[str, Any]:
    """A document without the renames that have happened: it may be applied again."""
    live = {field.name for field in change.schema.entities[sent["name"]].definition.fields}
    fields = [
        {k: v for k, v in field.items() if k != "renamed_from"}
        if field["name"] in live and field.get("renamed_from") not in live
        else field
        for field in sent["fields"]
    ]
    return {**sent, "fields": fields}
