"""A schema is readable whatever was stored: one definition that doesn't hold must not take the app down."""

from __future__ import annotations

from typing import Any

import pytest

from libs.shared.schema import Snapshot
from tests.support.client import entity, text


def document(**relation: Any) -> dict[str, Any]:
    """Two entities and a relation between them."""
    definitions = [entity("customer", text("code")), entity("order", {"name": "customer_id", "type": "uuid"})]
    entities = [
        {"number": number, "definition": definition, "field_ids": {}, "retired": False}
        for number, definition in enumerate(definitions, 1)
    ]
    orders = {"name": "orders", "type": "one_to_many", "source": "customer", "target": "order", **relation}
    return {
        "entities": entities,
        "relations": [{"number": 7, "definition": orders, "retired": False}],
        "kinds": {},
    }


def test_a_valid_relation_is_read() -> None:
    snapshot = Snapshot.read(1, document())
    relation = snapshot.relations["orders"]
    assert (relation.number, relation.source_key, relation.target_key) == (7, "id", "customer_id")


@pytest.mark.parametrize(
    "change",
    [
        {"source": "nobody"},
        {"target": "nothing"},
        {"target_key": "gone"},
        {"source_key": "code"},
        {"type": "many_to_many", "join_table": "j", "source_join_key": "order_id"},
    ],
)
def test_an_invalid_relation_is_left_out(change: dict[str, Any]) -> None:
    snapshot = Snapshot.read(1, document(**change))
    assert snapshot.relations == {}
    assert set(snapshot.entities) == {"customer", "order"}


def test_pairs_of_deleted_relations_are_known() -> None:
    stored = document(type="many_to_many", join_table="j")
    stored["relations"][0]["retired"] = True
    snapshot = Snapshot.read(1, stored)
    assert snapshot.relations == {}
    assert snapshot.joins[7].join_table == "j"
