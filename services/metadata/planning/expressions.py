"""New names of entities and fields in expressions, templates and paths, and fields that these lose. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from typing import Any

from libs.shared import exact
from libs.shared.errors import RocketError
from libs.shared.expressions.checking import Use, rewritten
from libs.shared.schema import EntityDefinition
from services.metadata.checking.expression_errors import locations_in
from services.metadata.checking.expressions.location import ExpressionLocation, Key
from services.metadata.model.definition import Definition
from services.metadata.model.schema import LiveSchema


@dataclass(frozen=True, slots=True)
class EntityRename:
    """An entity's old and new name, and old → new names of its fields."""

    old: str
    new: str
    fields: Mapping[str, str]

    @property
    def words(self) -> Set[str]:
        """The names that mean nothing any more."""
        return {*self.fields, *([self.old] if self.old != self.new else [])}

    def word_for(self, use: Use) -> str:
        """The word that a use of a name becomes."""
        if use.entity != self.old:
            return use.word
        return self.fields.get(use.name, use.name) if use.name else self.new


def all_texts_after(rows: Iterable[Definition], before: LiveSchema, rename: EntityRename) -> dict[str, dict[str, Any]]:
    """Id → the document with the new names in its texts, of the definitions that may name the old ones."""
    return {
        row.id: texts_after(row.kind, row.document, before, rename)
        for row in rows
        if mentions(row.document, rename.words)
    }


def texts_after(kind: str, document: dict[str, Any], before: LiveSchema, rename: EntityRename) -> dict[str, Any]:
    """A definition whose texts have the new names; keys stay as they are."""
    for location in locations_in(kind, document, before):
        text = rewritten(location.text, location.uses(), rename.word_for)
        if text != location.text:
            document = _with(document, location.key, text)
    return document


def check_followed(
    row: Definition, new: dict[str, Any], before: LiveSchema, after: LiveSchema, rename: EntityRename
) -> None:
    """Raises CONFLICT naming a text that would mean something else, as another name hides the new one there."""
    now = {location.path: location for location in locations_in(row.kind, new, after)}
    for location in locations_in(row.kind, row.document, before):
        there = now.get(_path_after(location, row.kind, rename.fields))
        if there is not None and [rename.word_for(use) for use in location.uses()] != [u.word for u in there.uses()]:
            path = f"{row.title}.{location.path}"
            message = f"{path} can't be rewritten to the new names without a change of meaning"
            raise RocketError("CONFLICT", message, [{"path": path, "message": message}])


def altered_fields(before: EntityDefinition, after: EntityDefinition) -> Set[str]:
    """Names of fields that are left out, or that have other values than before."""
    kept = {field.renamed_from or field.name: field for field in after.fields}
    names: set[str] = set()
    for field in before.fields:
        other = kept.get(field.name)
        if other is None or (field.type, field.enum) != (other.type, other.enum):
            names |= {field.name, *([other.name] if other else [])}
    return names


def mentions(document: Mapping[str, Any], names: Set[str]) -> bool:
    """Whether a definition may contain any of these words."""
    text = exact.dumps(document).decode()
    return any(name in text for name in names)


def _path_after(location: ExpressionLocation, kind: str, renamed: Mapping[str, str]) -> str:
    """The path of a text after keys that are names of fields were renamed, too."""
    if kind == "permissions":
        return replace(location, key=tuple(renamed.get(str(part), part) for part in location.key)).path
    return location.path


def _with(document: Any, key: Key, text: str) -> Any:
    """The document with another text at a key."""
    if not key:
        return text
    first, rest = key[0], key[1:]
    if isinstance(document, list):
        return [_with(part, rest, text) if number == first else part for number, part in enumerate(document)]
    return {name: _with(part, rest, text) if name == first else part for name, part in document.items()}
