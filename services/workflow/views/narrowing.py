"""Removes values from an instance that the caller may not read in the records they come from. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from libs.shared.schema import EntityDefinition
from libs.shared.schema.secrecy import MASK, concealed, masked_record, texts_in
from services.workflow.views.origins import OWN, TRIGGER, FieldOf, Known, Origin, Outside, Source

Document = dict[str, Any]
Definitions = Callable[[str, tuple[str, ...]], tuple[EntityDefinition | None, str | None]]
"""For a record of an instance and the names of a path from there: the entity in which the path ends, and the field
(None: the record as a whole)."""


@dataclass(frozen=True, slots=True)
class Readable:
    """The fields that a caller may read of each record of an instance; unreadable records are absent.

    `whole` names the records of which the caller may read every field. `sees_outside`: whether the caller may see
    values from outside, such as answers of webhooks.
    """

    fields: Mapping[str, frozenset[str]]
    whole: frozenset[str] = frozenset()
    sees_outside: bool = False

    def shows(self, source: Source) -> bool:
        """Whether the caller may see a source."""
        if isinstance(source, Outside):
            return self.sees_outside
        known = self.fields.get(source.record)
        if known is None:
            return False
        return source.record in self.whole if source.name is None else source.name in known


def visible_context(values: Mapping[str, Any], origins: Known, readable: Readable) -> Document:
    """The values that the caller may see. Whole records keep their readable fields only."""
    shown: Document = {}
    for key, value in values.items():
        origin = origins.get(key)
        if origin is None:
            continue
        if origin.record is not None and isinstance(value, Mapping):
            shown[key] = _narrowed(value, origin.record, readable)
        elif all(readable.shows(source) for source in origin.sources):
            shown[key] = value
    return shown


def bare_context(values: Mapping[str, Any], origins: Known) -> Document:
    """The values for a caller who may not read the record: ids, and records without fields."""
    shown: Document = {}
    for key, value in values.items():
        origin = origins.get(key)
        if origin is not None and origin.is_id:
            shown[key] = value
        elif origin is not None and origin.record == OWN and isinstance(value, Mapping):
            shown[key] = {}
        elif origin is not None and origin.record == TRIGGER and isinstance(value, Mapping):
            images: Document = {name: {} for name in ("record", "old") if isinstance(value.get(name), Mapping)}
            shown[key] = {name: value[name] for name in ("record_id",) if name in value} | images
    return shown


def _narrowed(value: Mapping[str, Any], record: str, readable: Readable) -> Document:
    """The readable fields of a record. Of a trigger also the values that come from no record."""
    if record != TRIGGER:
        known = readable.fields.get(record, frozenset())
        return {name: each for name, each in value.items() if name in known}
    shown: Document = {name: value[name] for name in ("record_id", "at", "form") if name in value}
    if readable.sees_outside and "event" in value:
        shown["event"] = value["event"]
    images = {name: value[name] for name in ("record", "old") if isinstance(value.get(name), Mapping)}
    return shown | {name: _narrowed(each, OWN, readable) for name, each in images.items()}


def masked_context(
    values: Mapping[str, Any],
    origins: Known,
    definition_of: Definitions,
    hidden: frozenset[str],
) -> Document:
    """Values for admins: complete, with sensitive values and personal data masked as in logs.

    `hidden` are hidden values of the instance's own record, which may have been copied.
    """
    return {key: _masked(value, origins.get(key), definition_of, hidden) for key, value in values.items()}


def _masked(
    value: Any,
    origin: Origin | None,
    definition_of: Definitions,
    hidden: frozenset[str],
) -> Any:
    if value is None:
        return None
    if origin is None:
        return MASK
    if origin.record == TRIGGER and isinstance(value, Mapping):
        own = definition_of(OWN, ())[0]
        images = {name for name in ("record", "old") if isinstance(value.get(name), Mapping)}
        return {name: masked_record(each, own) if name in images else each for name, each in value.items()}
    if origin.record is not None and isinstance(value, Mapping):
        return masked_record(value, definition_of(origin.record, ())[0])
    for source in origin.sources:
        if isinstance(source, FieldOf):
            names = () if source.name is None else (source.name, *source.rest)
            if _is_hidden(*definition_of(source.record, names)):
                return MASK
    return concealed(value, hidden) if hidden else value


def _is_hidden(definition: EntityDefinition | None, name: str | None) -> bool:
    if name is not None:
        return bool(masked_record({name: 0}, definition)[name] == MASK)
    names = [field.name for field in definition.fields] if definition is not None else ["?"]
    return MASK in masked_record(dict.fromkeys(names, 0), definition).values()


def hidden_values(before: Mapping[str, Any], shown: Mapping[str, Any]) -> set[str]:
    """The values of a context that were masked, in the forms in which they occur in texts."""
    return {text for key, value in before.items() for text in _replaced(value, shown.get(key))}


def _replaced(value: Any, shown: Any) -> set[str]:
    if isinstance(value, Mapping) and isinstance(shown, Mapping):
        return {text for name, each in value.items() for text in _replaced(each, shown.get(name))}
    return set(texts_in(value)) - set(texts_in(shown)) if shown != value else set()
