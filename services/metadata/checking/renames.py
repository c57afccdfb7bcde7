"""Renames that an entity's definition asks for with `renamed_from`. Pure.

Names in other definitions are changed by services/metadata/planning.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from libs.shared.errors import detail_of, invalid, sentence
from libs.shared.schema import DELETED, EntityDefinition

Renames = Mapping[str, str]
"""Old name → new name."""


def renames_of(entity: EntityDefinition) -> Renames:
    """The renames that a definition requests."""
    return dict(_pairs(entity))


def check_renames(entity: EntityDefinition, live: frozenset[str], ever: frozenset[str]) -> None:
    """Raises VALIDATION_FAILED where a rename does not say which column it means.

    `live` are the fields of today's definition, `ever` all that the table has a column for.
    """
    names = {field.name for field in entity.fields}
    pairs = _pairs(entity)
    problems = [
        detail_of(new, problem, "renamed_from")
        for old, new in pairs
        if (problem := _problem(old, new, live, ever, names, [o for o, _ in pairs]))
    ]
    if problems:
        raise invalid(sentence(str(problems[0]["field"]), str(problems[0]["message"])), *problems)


def without_renames(document: dict[str, Any]) -> dict[str, Any]:
    """An entity's document without `renamed_from`: renames belong to one change and are not stored."""
    fields = [{k: v for k, v in field.items() if k != "renamed_from"} for field in document["fields"]]
    return {**document, "fields": fields}


def completed(document: dict[str, Any]) -> dict[str, Any]:
    """A document, not validated yet, whose key and slug name renamed fields by their new names."""
    renamed = _unvalidated(document.get("fields"))
    if not renamed:
        return document
    changed = dict(document)
    for key, parts in (("slug", ("field", "source")), ("primary_key", ("field", "fields"))):
        if isinstance(part := document.get(key), dict):
            changed[key] = {k: renamed_in(v, renamed) if k in parts else v for k, v in part.items()}
    return changed


def renamed_in(value: Any, renamed: Renames) -> Any:
    """A name, or a list of names, after a rename."""
    if isinstance(value, list):
        return [renamed_in(one, renamed) for one in value]
    return renamed.get(value, value) if isinstance(value, str) else value


def _pairs(entity: EntityDefinition) -> list[tuple[str, str]]:
    return [(f.renamed_from, f.name) for f in entity.fields if f.renamed_from and f.renamed_from != f.name]


def _problem(
    old: str, new: str, live: frozenset[str], ever: frozenset[str], names: set[str], renamed: list[str]
) -> str | None:
    if old not in live:
        return f"there is no field {old} to be renamed"
    if old in names:
        return f"{old} is still among the fields"
    if renamed.count(old) > 1:
        return f"{old} can become one field only"
    if new in live or new in ever:
        return f"{new} has been a field already, and its data is kept under that name"
    if DELETED in (old, new):
        return f"{DELETED} is the mark of soft-deleted records, and keeps its name"
    return None


def _unvalidated(fields: Any) -> dict[str, str]:
    """The renames that unvalidated fields request, without old names that are in use again."""
    if not isinstance(fields, list):
        return {}
    pairs = [(field.get("renamed_from"), field.get("name")) for field in fields if isinstance(field, dict)]
    names = [new for _, new in pairs]
    return {old: new for old, new in pairs if isinstance(old, str) and isinstance(new, str) and old not in names}
