"""Keys of other definitions that name a renamed field or entity. Pure.

Names within expressions, templates and paths are changed by expressions.py, what rules load by related_loads.py.
"""

from __future__ import annotations

from typing import Any

from services.metadata.checking.renames import Renames, renamed_in
from services.metadata.model.schema import LiveRelation


def relation_after(live: LiveRelation, entity: str, new_name: str, renamed: Renames) -> dict[str, Any] | None:
    """A relation's document after an entity and its fields got new names; None if it need not change.

    What was left to a default is written down where the default would mean another name from now on.
    """
    relation = live.relation
    document = dict(live.row.document)
    if new_name != entity:
        for end in ("source", "target"):
            if getattr(relation, end) == entity:
                document[end] = new_name
        pinned = ("source_join_key", "target_join_key") if relation.joined else ("target_key",)
        document |= {key: getattr(relation, key) for key in pinned}
    if relation.source == entity and relation.source_key in renamed and document.get("source_key"):
        document["source_key"] = renamed[relation.source_key]
    if relation.target == entity and not relation.joined and relation.target_key in renamed:
        document["target_key"] = renamed[relation.target_key]
    return document if document != live.row.document else None


def permission_after(document: dict[str, Any], renamed: Renames) -> dict[str, Any]:
    """A permission of an entity whose fields got new names: its fields, masks and visibilities follow."""
    changed = dict(document)
    if isinstance(fields := document.get("fields"), dict):
        changed["fields"] = {key: renamed_in(names, renamed) for key, names in fields.items()}
    for key in ("masks", "visible_when"):
        if key in document:
            changed[key] = {renamed.get(name, name): value for name, value in document[key].items()}
    return changed


def webhook_after(document: dict[str, Any], renamed: Renames) -> dict[str, Any]:
    """A webhook of an entity whose fields got new names: those that its payloads are narrowed to follow."""
    return {**document, "fields": renamed_in(document["fields"], renamed)} if document.get("fields") else document
