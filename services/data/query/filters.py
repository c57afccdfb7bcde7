"""`filter[...]`, also through relations, and `q`."""

from __future__ import annotations

from collections.abc import Sequence

from libs.shared.schema import BadValue, FieldDefinition
from services.data.model import EntityModel
from services.data.query.predicates import OPERATORS, parse_comparison, slotted
from services.data.query.scope import Scope, refused, unknown_field
from services.data.query.shapes import Condition, Through

MAX_DEPTH = 5
"""Relations that one filter goes through."""
MAX_SEARCH_CHARACTERS = 200
"""Characters of a `q`."""


def parse_filter(scope: Scope, entity: EntityModel, name: str, text: str) -> Condition:
    """The condition of `filter[name]=text`. A field takes precedence over a relation of the same name.

    Raises UNKNOWN_FIELD for unknown fields, INVALID_PAYLOAD for unknown operators and unfit values,
    FORBIDDEN for relations to what the caller may not read.
    """
    return _condition(scope, entity, name.split("."), name, text, MAX_DEPTH)


def _condition(scope: Scope, entity: EntityModel, parts: Sequence[str], name: str, text: str, depth: int) -> Condition:
    first, rest = parts[0], parts[1:]
    field = scope.fields(entity).get(first)
    link = scope.link(entity, first) if rest else None
    if field is not None and (link is None or (len(rest) == 1 and rest[0] in OPERATORS)):
        return _test(scope, field, ".".join(rest) or "eq", name, text)
    if link is None:
        raise unknown_field(name)
    if not depth:
        raise refused(name, f"goes through more than {MAX_DEPTH} relations")
    beyond = scope.beyond(link)
    return Through(first, scope.visible(beyond), _condition(scope, beyond, rest, name, text, depth - 1))


def _test(scope: Scope, field: FieldDefinition, operator: str, name: str, text: str) -> Condition:
    if operator not in OPERATORS:
        raise refused(name, f"has an unknown operator: {operator}")
    try:
        return slotted(parse_comparison(field, operator, text), scope.slot)
    except BadValue as problem:
        raise refused(name, problem) from None


def parse_search(scope: Scope, text: str) -> int:
    """The slot of the pattern that finds `q=text` within a text, ignoring case; 0 without `q`."""
    text = text.strip()
    if not text:
        return 0
    if len(text) > MAX_SEARCH_CHARACTERS or "\x00" in text:
        raise refused("q", f"must have at most {MAX_SEARCH_CHARACTERS} characters, and no NUL")
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return scope.slot(f"%{escaped}%")
