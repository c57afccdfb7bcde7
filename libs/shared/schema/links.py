"""Relations from the view of one of their ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from libs.shared.schema.entities import EntityDefinition
from libs.shared.schema.relations import Relation

MAX_HOPS = 3
"""Relations that a path of a workflow may follow, one after another."""


@dataclass(frozen=True, slots=True)
class Link:
    """The way from an entity to the records at the other end of a relation.

    `own` is the column of this end and `other` the column of the far end that hold the same value;
    with a join table, `own` meets `own_join` and `other` meets `other_join`. `many` says whether a
    list or a single record is there. `outward` is the way from source to target.
    """

    relation: Relation
    entity: str
    outward: bool
    many: bool
    own: str
    other: str
    own_join: str = ""
    other_join: str = ""


def links_of(entity: str, relations: Iterable[Relation]) -> Sequence[Link]:
    """All links of an entity, in the order in which names are looked up: towards targets first."""
    touching = list(relations)
    outward = [_outward(relation) for relation in touching if relation.source == entity]
    inward = [_inward(relation) for relation in touching if relation.target == entity]
    return [*outward, *inward]


def find_link(links: Sequence[Link], name: str) -> Link | None:
    """The link that an include, filter or rule means by `name`.

    Looked for in this order: the relation's name; the entity at the other end; the foreign key
    without its `_id`, which tells a self relation's parent from its children.
    """
    for link in links:
        if link.relation.name == name:
            return link
    for link in links:
        if link.entity == name:
            return link
    for link in links:
        if not link.outward and not link.relation.joined and link.own == f"{name}_id":
            return link
    return None


def to_one_links(links: Sequence[Link], definitions: Mapping[str, EntityDefinition], entity: str) -> dict[str, Link]:
    """Name → link of an entity, for paths such as `record.department.head_id`; by the names that `find_link` knows.

    Each leads to one record, by its key. A field hides a link of its name.
    """
    own = definitions[entity]
    fields = {field.name for field in (*own.key_fields, *own.fields)}
    found: dict[str, Link] = {}
    for link in links:
        key = [field.name for field in definitions[link.entity].key_fields]
        if not link.many and not link.outward and key == [link.other]:
            names = (link.relation.name, link.entity, link.own.removesuffix("_id"))
            found |= {name: link for name in names if name not in fields and find_link(links, name) is link}
    return found


def _outward(relation: Relation) -> Link:
    if relation.joined:
        return Link(
            relation, relation.target, True, True, relation.source_key, relation.target_key,
            relation.source_join_key, relation.target_join_key,
        )  # fmt: skip
    many = relation.type == "one_to_many"
    return Link(relation, relation.target, True, many, relation.source_key, relation.target_key)


def _inward(relation: Relation) -> Link:
    if relation.joined:
        return Link(
            relation, relation.source, False, True, relation.target_key, relation.source_key,
            relation.target_join_key, relation.source_join_key,
        )  # fmt: skip
    return Link(relation, relation.source, False, False, relation.target_key, relation.source_key)
