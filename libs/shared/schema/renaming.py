"""Renames an entity and its fields in definitions. Pure.

Metadata renames in stored definitions, the workflow service in those that running instances are pinned to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

RECORD_ACTIONS = ("create_record", "update_record")
"""Actions whose `fields` are values by the names of their entity's fields."""


TRIGGERS = {"record_updated": ("fields",), "schedule": ("filter",)}
"""Keys of triggers that name fields, in a list or as `field.operator`."""


def _named_fields(value: Any, renamed: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [renamed.get(name, name) if isinstance(name, str) else name for name in value]
    if not isinstance(value, dict):
        return value
    parts = {key: key.partition(".") for key in value}
    return {renamed.get(name, name) + dot + rest: value[key] for key, (name, dot, rest) in parts.items()}


def rename_in(document: Any, entity: str, new_name: str, renamed: Mapping[str, str], here: str | None = None) -> Any:
    """Rename in the keys `entity`, and for that entity in `field` and in the keys of an action's `fields`."""
    if isinstance(document, list):
        return [rename_in(part, entity, new_name, renamed, here) for part in document]
    if not isinstance(document, dict):
        return document
    named = document.get("entity")
    here = named if isinstance(named, str) else here
    changed = {}
    for key, value in document.items():
        if key == "related_load":
            changed[key] = value  # its names belong to another entity
            continue
        if key == "fields" and document.get("type") in RECORD_ACTIONS and isinstance(value, dict):
            changed[key] = {renamed.get(k, k): v for k, v in value.items()} if here == entity else value
            continue
        if key in TRIGGERS.get(str(document.get("type")), ()) and here == entity:
            changed[key] = _named_fields(value, renamed)
            continue
        if key == "entity" and value == entity:
            value = new_name
        elif key == "field" and here == entity and isinstance(value, str):
            value = renamed.get(value, value)
        changed[key] = rename_in(value, entity, new_name, renamed, here)
    return changed
