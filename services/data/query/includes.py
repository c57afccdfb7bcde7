"""`include=a,b.c` and `fields=a,b`: what is shown of a record."""

from __future__ import annotations

from libs.shared.errors import RocketError
from services.data.model import EntityModel, Link
from services.data.query.scope import Scope, refused, unknown_field
from services.data.query.shapes import Include, Output

MAX_DEPTH = 5
"""Levels of includes below a record."""
MAX_INCLUDES = 30
"""Includes of one request, over all levels."""

WHOLE = Output()
"""The record alone, with all its fields."""

Tree = dict[str, "Tree"]


def parse_output(scope: Scope, entity: EntityModel, fields: str, include: str) -> Output:
    """What is to be shown, eager relations among it.

    Raises UNKNOWN_FIELD for unknown names, FORBIDDEN for a named include the caller may not read, INVALID_PAYLOAD for
    ways that go back where they came from: they multiply records and tell nothing new.
    """
    if not fields and not include and not entity.eager:
        return WHOLE  # as most are asked for
    tree = _tree(include)
    eager = tuple(
        found
        for link in entity.eager
        if link.relation.name not in tree and (found := _eager(scope, entity, link)) is not None
    )
    return Output(_fields(scope, entity, fields), _includes(scope, entity, tree, None) + eager)


def split_names(text: str) -> list[str]:
    """The parts of a comma list; blanks and empty parts don't count."""
    return [name for part in text.split(",") if (name := part.strip())]


def _fields(scope: Scope, entity: EntityModel, text: str) -> tuple[str, ...] | None:
    names = dict.fromkeys(split_names(text))
    visible = scope.visible_fields(entity) if names else ()
    for name in names:
        if name not in visible:
            raise unknown_field(name)
    return tuple(names) or None


def _tree(text: str) -> Tree:
    tree: Tree = {}
    count = 0
    for path in split_names(text):
        names = [name.strip() for name in path.split(".")]
        if len(names) > MAX_DEPTH:
            raise refused("include", f"goes deeper than {MAX_DEPTH} levels")
        place = tree
        for name in names:
            count += name not in place
            place = place.setdefault(name, {})
        if count > MAX_INCLUDES:
            raise refused("include", f"names more than {MAX_INCLUDES} relations")
    return tree


def _includes(scope: Scope, entity: EntityModel, tree: Tree, came_by: Link | None) -> tuple[Include, ...]:
    return tuple(_include(scope, entity, name, below, came_by) for name, below in tree.items())


def _include(scope: Scope, entity: EntityModel, name: str, below: Tree, came_by: Link | None) -> Include:
    link = scope.link(entity, name)
    if link is None:
        raise unknown_field(name, "unknown include")
    if came_by is not None and link.relation is came_by.relation and link.outward is not came_by.outward:
        raise refused("include", f"goes along {link.relation.name} and straight back: leave out {name}")
    beyond = scope.beyond(link)
    return Include(name, scope.visible(beyond), _includes(scope, beyond, below, link))


def _eager(scope: Scope, entity: EntityModel, link: Link) -> Include | None:
    """An eager relation; None where the caller may not read its records."""
    name = link.relation.name
    try:
        return Include(name, scope.visible(scope.beyond(link)), ()) if scope.link(entity, name) else None
    except RocketError:
        return None
