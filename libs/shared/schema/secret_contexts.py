"""Contexts of workflows as logs and lists show them to admins: masked by the paths that their values come from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from libs.shared.schema.entities import EntityDefinition
from libs.shared.schema.secrecy import MASK, MIN_CHARACTERS, masked_record, texts_in

NO_RECORD = ("initiator", "form", "event", "at", "record_id")
"""What paths begin with, behind `trigger`, whose values come from no record: who started it, what people filled in,
business events, times."""

Context = Mapping[str, Any]
Paths = Mapping[str, str]


def masked_context(context: Context, paths: Paths, definition: EntityDefinition | None) -> dict[str, Any]:
    """A context with hidden values masked under every root; values from unknown paths are hidden."""
    return {key: _part(value, paths.get(key, ""), definition) for key, value in context.items()}


def hidden_in_context(context: Context, paths: Paths, definition: EntityDefinition | None) -> Collection[str]:
    """The values that a masked context does not show, as they can stand in a text."""
    shown = masked_context(context, paths, definition)
    hidden = (text for key, value in context.items() for text in _replaced(value, shown[key]))
    return {text for text in hidden if len(text) >= MIN_CHARACTERS}


def _replaced(value: Any, shown: Any) -> Collection[str]:
    if isinstance(value, dict) and isinstance(shown, dict):
        return {text for name, each in value.items() for text in _replaced(each, shown[name])}
    return set(texts_in(value)) if shown == MASK else set()


def _part(value: Any, path: str, definition: EntityDefinition | None) -> Any:
    names = path.split(".")
    while names[0] == "trigger" and len(names) > 1:
        names = names[1:]
    if value is None or names == ["record_id"] or (names[0] in NO_RECORD and names[0] != "record_id"):
        return value
    if names == ["trigger"] and isinstance(value, dict):
        return {name: _part(each, name, definition) for name, each in value.items()}
    if names[0] in ("record", "old") and isinstance(value, dict) and len(names) == 1:
        return masked_record(value, definition)
    if names[0] in ("record", "old") and len(names) > 1:
        return value if masked_record({names[1]: 0}, definition)[names[1]] != MASK else MASK
    return MASK
