"""The indexes a table should have, worked out from definitions."""

from __future__ import annotations

from typing import Any

import pytest

from libs.shared.schema import EntityDefinition
from services.metadata.model.schema import LiveSchema
from services.metadata.planning import tables
from services.metadata.planning.indexes import difference, wanted_indexes
from tests.support.client import entity, text
from tests.support.live_schemas import live_schema

REFERENCE = {"name": "customer_id", "type": "uuid"}


def schema(*relations: dict[str, Any], order: dict[str, Any]) -> LiveSchema:
    """Customers (number 1), orders (number 2, with field ids in order), and relations from number 3 on."""
    return live_schema([entity("customer", text("code", unique=True)), order], relations)


def orders(kind: str = "one_to_many", name: str = "orders") -> dict[str, Any]:
    return {"name": name, "type": kind, "source": "customer", "target": "order"}


@pytest.mark.parametrize(
    ("field", "relations", "names"),
    [
        (REFERENCE, [], set()),
        ({**REFERENCE, "indexed": True}, [], {"_o_2_2"}),
        ({**REFERENCE, "unique": True}, [], {"_u_2_2"}),
        ({**REFERENCE, "unique": True, "indexed": True}, [], {"_u_2_2"}),
        (REFERENCE, [orders()], {"_o_2_2"}),
        (REFERENCE, [orders(), orders(name="again")], {"_o_2_2"}),
        ({**REFERENCE, "indexed": True}, [orders()], {"_o_2_2"}),
        ({**REFERENCE, "unique": True}, [orders()], {"_u_2_2"}),
        (REFERENCE, [orders("one_to_one")], {"_r_3_2_2"}),
        ({**REFERENCE, "unique": True}, [orders("one_to_one")], {"_u_2_2"}),
        (REFERENCE, [orders("one_to_one"), orders(name="again")], {"_r_3_2_2", "_o_2_2"}),
    ],
)
def test_each_field_has_its_indexes(field: dict[str, Any], relations: list[dict[str, Any]], names: set[str]) -> None:
    assert wanted_indexes(schema(*relations, order=entity("order", field)), "order").keys() == names


def test_the_deletion_mark_keeps_its_field_id() -> None:
    bare = EntityDefinition.model_validate(entity("page", text("a"), soft_delete=True))
    mark = {"name": "deleted_at", "type": "timestamp"}
    shown = EntityDefinition.model_validate(entity("page", mark, text("a"), text("b"), soft_delete=True))

    def numbers(known: tables.Ids, definition: EntityDefinition, marked: bool) -> tuple[tables.Ids, dict[str, int]]:
        ids = tables.number_fields(known, definition, {}, marked)
        return ids, {name: entry["id"] for name, entry in ids.items()}

    before, _ = numbers({}, bare, marked=False)
    added, found = numbers(before, shown, marked=True)
    assert found == {"id": 1, "a": 2, "deleted_at": 0, "b": 3}
    left_out, found = numbers(added, bare, marked=True)
    assert found["deleted_at"] == 0
    assert numbers(left_out, shown, marked=True)[1]["deleted_at"] == 0
    # Nothing was marked before: a field like any other, which keeps its number.
    new, found = numbers({}, shown, marked=False)
    assert found["deleted_at"] == 2
    assert numbers(new, bare, marked=True)[1]["deleted_at"] == 2


def test_one_to_one_covers_undeleted_records() -> None:
    made = schema(orders("one_to_one"), order=entity("order", REFERENCE, soft_delete=True))
    (index,) = wanted_indexes(made, "order").values()
    assert (index.name, index.unique) == ("_l_3_2_2", True)
    assert index.create().endswith('ON records."orders" ("customer_id" NULLS FIRST) WHERE "deleted_at" IS NULL')


def test_the_first_part_of_a_key_needs_no_index_but_may_need_to_be_unique() -> None:
    key = {"primary_key": {"fields": ["customer_id", "no"]}}
    parts = entity("order", REFERENCE, text("no"), **key)
    assert wanted_indexes(schema(orders(), order=parts), "order") == {}
    assert wanted_indexes(schema(orders("one_to_one"), order=parts), "order").keys() == {"_r_3_2_2"}


def test_only_our_own_indexes_are_dropped() -> None:
    made = schema(orders(), order=entity("order", REFERENCE))
    missing, needless = difference(
        ["_p_2", "_u_2_2", "_i_2_2", "_r_9_2_2", "made_by_hand"], wanted_indexes(made, "order")
    )
    assert [index.name for index in missing] == ["_o_2_2"]
    assert needless == ["_i_2_2", "_r_9_2_2", "_u_2_2"]
    assert difference(["_o_2_2"], wanted_indexes(made, "order")) == ([], [])
