"""New names for fields and entities: what is said in a definition, and where the old names stand. Pure.

Here are keys of definitions that name a field or an entity; names within expressions, templates and paths are
services/metadata/planning/expressions.py's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from libs.shared.errors import detail_of, invalid, sentence
from libs.shared.schema import DELETED, EntityDefinition
from services.metadata.model.schema import LiveRelation

Renames = Mapping[str, str]
"""Old name → new name."""


def kept(document: dict[str, Any]) -> dict[str, Any]:
    """An entity's document without the old names of its fields: they are about one change only."""
    fields = [{k: v for k, v in field.items() if k != "renamed_from"} for field in document["fields"]]
    return {**document, "fields": fields}


def renames(entity: EntityDefinition) -> Renames:
    """The renames that a definition asks for."""
    return {f.renamed_from: f.name for f in entity.fields if f.renamed_from and f.renamed_from != f.name}


def check_renames(entity: EntityDefinition, live: frozenset[str], ever: frozenset[str]) -> None:
    """Raises VALIDATION_FAILED where a rename does not say which column it means.

    `live` are the fields of today's definition, `ever` all that the table has a column for.
    """
    now = {field.name for field in entity.fields}
    asked = [(f.renamed_from, f.name) for f in entity.fields if f.renamed_from and f.renamed_from != f.name]
    problems = [
        detail_of(new, problem, "renamed_from")
        for old, new in asked
        if (problem := _problem(old, new, live, ever, now, [o for o, _ in asked]))
    ]
    if problems:
        raise invalid(sentence(str(problems[0]["field"]), str(problems[0]["message"])), *problems)


def _problem(
    old: str, new: str, live: frozenset[str], ever: frozenset[str], now: set[str], asked: list[str]
) -> str | None:
    if old not in live:
        return f"there is no field {old} to be renamed"
    if old in now:
        return f"{old} is still among the fields"
    if asked.count(old) > 1:
        return f"{old} can become one field only"
    if new in live or new in ever:
        return f"{new} has been a field already, and its data is kept under that name"
    if DELETED in (old, new):
        return f"{DELETED} is the mark of soft-deleted records, and keeps its name"
    return None


def followed(document: dict[str, Any]) -> dict[str, Any]:
    """A sent document, not checked yet, whose key and slug name renamed fields by their new names."""
    renamed = _asked(document.get("fields"))
    if not renamed:
        return document
    changed = dict(document)
    for key, parts in (("slug", ("field", "source")), ("primary_key", ("field", "fields"))):
        if isinstance(part := document.get(key), dict):
            changed[key] = {k: _followed(v, renamed) if k in parts else v for k, v in part.items()}
    return changed


def _asked(fields: Any) -> dict[str, str]:
    """The renames that unchecked fields ask for, but for old names that are in use again."""
    if not isinstance(fields, list):
        return {}
    pairs = [(field.get("renamed_from"), field.get("name")) for field in fields if isinstance(field, dict)]
    names = [new for _, new in pairs]
    return {old: new for old, new in pairs if isinstance(old, str) and isinstance(new, str) and old not in names}


def _followed(value: Any, renamed: Renames) -> Any:
    if isinstance(value, list):
        return [_followed(one, renamed) for one in value]
    return renamed.get(value, value) if isinstance(value, str) else value


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


def policy_after(document: dict[str, Any], renamed: Renames) -> dict[str, Any]:
    """A policy of an entity whose fields got new names: its fields, masks and visibilities follow."""
    changed = dict(document)
    if isinstance(fields := document.get("fields"), dict):
        changed["fields"] = {key: _followed(names, renamed) for key, names in fields.items()}
    if "masks" in document:
        changed["masks"] = {renamed.get(name, name): mask for name, mask in document["masks"].items()}
    if "visible_when" in document:
        changed["visible_when"] = {renamed.get(name, name): text for name, text in document["visible_when"].items()}
    return changed
