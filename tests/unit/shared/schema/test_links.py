"""Relations from the view of one end, and which of them a name means."""

from __future__ import annotations

from typing import Any

import pytest

from libs.shared.schema import EntityDefinition, Relation, RelationDefinition
from libs.shared.schema.links import Link, find_link, links_of
from tests.support.client import entity, text
from tests.support.relations import reference, relation

ENTITIES = {
    document["name"]: EntityDefinition.model_validate(document)
    for document in (
        entity("customer", text("code", unique=True)),
        entity("order", reference("customer_id"), reference("payer_id")),
        entity("node", reference("parent_id")),
    )
}


def related(number: int, *parts: str, **settings: Any) -> Relation:
    return Relation.of(number, RelationDefinition.model_validate(relation(*parts, **settings)), ENTITIES)


RELATIONS = (
    related(1, "orders", "one_to_many", "customer", "order", target_key="customer_id"),
    related(2, "paid", "one_to_one", "customer", "order", target_key="payer_id"),
    related(3, "children", "one_to_many", "node", "node", target_key="parent_id"),
    related(4, "marks", "many_to_many", "customer", "order", join_table="marks", source_key="code"),
)


def links(name: str) -> list[tuple[str, str, bool, bool, str, str]]:
    return [
        (link.relation.name, link.entity, link.outward, link.many, link.own, link.other)
        for link in links_of(name, RELATIONS)
    ]


def test_links_lead_to_targets_first() -> None:
    assert links("customer") == [
        ("orders", "order", True, True, "id", "customer_id"),
        ("paid", "order", True, False, "id", "payer_id"),
        ("marks", "order", True, True, "code", "id"),
    ]
    assert links("node") == [
        ("children", "node", True, True, "id", "parent_id"),
        ("children", "node", False, False, "parent_id", "id"),
    ]


def test_a_target_has_one_source_unless_pairs_relate_them() -> None:
    assert [(name, many) for name, _, _, many, _, _ in links("order")] == [
        ("orders", False), ("paid", False), ("marks", True),
    ]  # fmt: skip


def test_the_ends_of_a_join_table() -> None:
    outward, inward = links_of("customer", RELATIONS)[-1], links_of("order", RELATIONS)[-1]
    assert (outward.own_join, outward.other_join) == (inward.other_join, inward.own_join)
    assert (outward.own, outward.other) == (inward.other, inward.own)


@pytest.mark.parametrize(
    ("start", "name", "found"),
    [
        ("customer", "paid", ("paid", True)),
        ("customer", "order", ("orders", True)),
        ("order", "customer", ("orders", False)),
        ("order", "payer", ("paid", False)),
        ("node", "parent", ("children", False)),
        ("node", "node", ("children", True)),
        ("customer", "parent", None),
        ("order", "customer_id", None),
    ],
)
def test_a_name_means_the_relation_the_entity_or_the_foreign_key(
    start: str, name: str, found: tuple[str, bool] | None
) -> None:
    link: Link | None = find_link(links_of(start, RELATIONS), name)
    assert (link and (link.relation.name, link.outward)) == found
