"""Renames relations, entities and fields in what rules load of related records. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.shared.schema.links import Link, find_link
from services.metadata.checking.renames import Renames

Links = Sequence[Link]
"""The links of an entity."""


def rule_after(document: dict[str, Any], before: Links, after: Links, entity: str, renamed: Renames) -> dict[str, Any]:
    """A rule that loads what it loaded before, under the name that its expression uses.

    `before` and `after` are the links of the rule's entity; the fields of `entity` (its old name) are `renamed`.
    """
    body = document["definition"]
    if not isinstance(body, dict) or not body.get("related_load"):
        return document
    loads = [_load_after(load, before, after, entity, renamed) for load in body["related_load"]]
    return {**document, "definition": {**body, "related_load": loads}}


def _load_after(load: dict[str, Any], before: Links, after: Links, entity: str, renamed: Renames) -> dict[str, Any]:
    name = load["relation"]
    link = find_link(before, name)
    if link is None:
        return load
    changed = dict(load)
    if link.entity == entity and isinstance(filters := load.get("filter"), dict):
        changed["filter"] = {_key_after(key, renamed): value for key, value in filters.items()}
    new_name = _name_after(name, link, after)
    if new_name != name:
        changed |= {"relation": new_name, "name": load.get("name") or name}
    return changed


def _key_after(key: str, renamed: Renames) -> str:
    """A key of a filter: `field` or `field.operator`."""
    field, dot, operator = key.partition(".")
    return f"{renamed.get(field, field)}{dot}{operator}"


def _name_after(name: str, link: Link, after: Links) -> str:
    """The name of a link now: the same if possible, else a name of the same sort, else any."""
    now = next((each for each in after if _same(each, link)), None)
    if now is None or find_link(after, name) is now:
        return name
    sort = _names(link).index(name)
    names = _names(now)
    return next((each for each in [names[sort], *names] if each and find_link(after, each) is now), name)


def _same(one: Link, other: Link) -> bool:
    return (one.relation.number, one.outward) == (other.relation.number, other.outward)


def _names(link: Link) -> list[str]:
    """The relation's name, the entity at the other end, the foreign key without its `_id`; "" for none."""
    key = link.own.removesuffix("_id") if not link.outward and not link.relation.joined else link.own
    return [link.relation.name, link.entity, key if key != link.own else ""]
