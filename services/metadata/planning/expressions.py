"""New names of entities and fields in expressions, templates and paths, and fields that these lose. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import replace
from typing import Any

from libs.shared import exact
from libs.shared.errors import RocketError
from libs.shared.expressions.checking import Use, rewritten
from libs.shared.schema import EntityDefinition
from services.metadata.checking.expressions.locations import Key, Place, places
from services.metadata.checking.expressions.problems import uses_of
from services.metadata.model.schema import Schema
from services.metadata.store.definitions import Definition

Names = tuple[str, str, Mapping[str, str]]
"""An entity's old and new name, and old → new names of its fields."""


def all_texts_after(rows: Iterable[Definition], before: Schema, names: Names) -> dict[str, dict[str, Any]]:
    """Id → the document with the new names in its texts, of those that may name the old ones."""
    words = {*names[2], *([names[0]] if names[0] != names[1] else [])}
    return {row.id: texts_after(row.kind, row.document, before, names) for row in rows if mentions(row.document, words)}


def texts_after(kind: str, document: dict[str, Any], before: Schema, names: Names) -> dict[str, Any]:
    """A definition whose texts name an entity and its fields by their new names; keys stay as they are."""
    follow = _follower(names)
    for place in places(kind, document, before):
        text = rewritten(place.text, uses_of(place), follow)
        if text != place.text:
            document = _with(document, place.key, text)
    return document


def check_followed(row: Definition, new: dict[str, Any], before: Schema, after: Schema, names: Names) -> None:
    """Raises CONFLICT naming the text that would mean something else under the new names, as others have them there."""
    follow = _follower(names)
    now = {place.path: place for place in places(row.kind, new, after)}
    for place in places(row.kind, row.document, before):
        there = now.get(_path_after(place, row.kind, names[2]))
        if there is not None and [follow(use) for use in uses_of(place)] != [use.word for use in uses_of(there)]:
            where = f"{row.kind}.{row.key or row.id}.{place.path}"
            message = f"{where} can't follow the new names, it would mean something else"
            raise RocketError("CONFLICT", message, [{"path": where, "message": message}])


def altered(was: EntityDefinition, now: EntityDefinition) -> Set[str]:
    """Names of fields that are left out, or that have other values than before."""
    kept = {field.renamed_from or field.name: field for field in now.fields}
    return {
        name
        for field in was.fields
        for other in [kept.get(field.name)]
        if other is None or (field.type, field.enum) != (other.type, other.enum)
        for name in (field.name, *([other.name] if other else []))
    }


def mentions(document: Mapping[str, Any], names: Set[str]) -> bool:
    """Whether any of these words may stand in a definition."""
    text = exact.dumps(document).decode()
    return any(name in text for name in names)


def _follower(names: Names) -> Callable[[Use], str]:
    entity, new_name, renamed = names

    def follow(use: Use) -> str:
        if use.entity != entity:
            return use.word
        return renamed.get(use.name, use.name) if use.name else new_name

    return follow


def _path_after(place: Place, kind: str, renamed: Mapping[str, str]) -> str:
    """The path of a place when keys that are names of fields have followed, too."""
    if kind == "permissions":
        return replace(place, key=tuple(renamed.get(str(part), part) for part in place.key)).path
    return place.path


def _with(document: Any, key: Key, text: str) -> Any:
    """The document with another text at a key."""
    if not key:
        return text
    first, rest = key[0], key[1:]
    if isinstance(document, list):
        return [_with(part, rest, text) if number == first else part for number, part in enumerate(document)]
    return {name: _with(part, rest, text) if name == first else part for name, part in document.items()}
