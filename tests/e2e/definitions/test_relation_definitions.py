"""Relations as definitions: what is accepted, what tables and indexes they make, how they follow their entities."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from deploy.embedded.stack import Stack
from tests.support.app_database import indexes, query
from tests.support.client import Client, entity, integer, text
from tests.support.relations import reference


@pytest.fixture
async def shop(admin: Client) -> Client:
    """The admin of an app with customers and orders."""
    return await with_customers(admin)


@pytest.fixture(scope="module")
async def bare_shop(common_admin: Client) -> Client:
    """The same, for tests that leave it without relations."""
    return await with_customers(common_admin)


async def with_customers(admin: Client) -> Client:
    await admin.define(entity("customer", text("name"), text("code", unique=True)))
    await admin.define(entity("order", reference("customer_id"), integer("no")))
    return admin


def relation(name: str = "orders", **settings: Any) -> dict[str, Any]:
    return {"name": name, "type": "one_to_many", "source": "customer", "target": "order", **settings}


def tags(**settings: Any) -> dict[str, Any]:
    return {**relation("tagged", type="many_to_many", join_table="order_tags"), **settings}


async def test_a_relation_is_created_shown_replaced_and_deleted(shop: Client) -> None:
    sent = relation(source_key="id", target_key="customer_id", ownership="source", on_delete="cascade")
    assert (await shop.define(sent, "relations")) == sent
    shown = (await shop.get("/_admin/relations/orders")).expect(200).data
    assert shown == {"name": "orders", "source": "customer", "target": "order", "definition": sent} | {
        key: shown[key] for key in ("created_at", "updated_at")
    }
    assert (await shop.get("/_admin/relations")).data == [shown]
    changed = {**sent, "on_delete": "restrict"}
    assert (await shop.put("/_admin/relations/orders", changed)).expect(200).data == changed
    assert (await shop.get("/_admin/relations/orders")).data["definition"] == changed
    assert (await shop.delete("/_admin/relations/orders")).expect(200).data == {"name": "orders", "deleted": True}
    assert (await shop.get("/_admin/relations")).data == []
    for reply in (
        await shop.get("/_admin/relations/orders"),
        await shop.put("/_admin/relations/orders", sent),
        await shop.delete("/_admin/relations/orders"),
    ):
        assert reply.expect(404).code == "NOT_FOUND"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": None}, "name"),
        ({"name": "1x"}, "name"),
        ({"source": None}, "source"),
        ({"target": None}, "target"),
        ({"source": "nobody"}, "source"),
        ({"target": "nothing"}, "target"),
        ({"type": None}, "type"),
        ({"type": "some"}, "type"),
        ({"on_delete": "explode"}, "on_delete"),
        ({"write_mode": "guess"}, "write_mode"),
        ({"source_key": "absent"}, "source_key"),
        ({"source_key": "name"}, "source_key"),
        ({"target_key": "absent"}, "target_key"),
        ({"target_key": "no"}, "target_key"),
        ({"type": "many_to_many"}, "join_table"),
        ({"type": "many_to_many", "join_table": "a b"}, "join_table"),
        ({"type": "many_to_many", "join_table": "x", "source_join_key": "ctid"}, "source_join_key"),
        ({"type": "many_to_many", "join_table": "x", "source_join_key": "order_id"}, "target_join_key"),
    ],
)
async def test_invalid_relations_are_refused(bare_shop: Client, change: dict[str, Any], field: str) -> None:
    sent = {key: value for key, value in {**relation(), **change}.items() if value is not None}
    reply = (await bare_shop.post("/_admin/relations", sent)).expect(422)
    assert reply.code == "VALIDATION_FAILED"
    assert any(field in (detail.get("field"), detail["message"].partition(":")[0]) for detail in reply.details)
    assert (await bare_shop.get("/_admin/relations")).data == []


async def test_relation_names_and_join_tables_are_unique(shop: Client) -> None:
    await shop.define(tags(), "relations")
    assert (await shop.post("/_admin/relations", tags(join_table="other"))).expect(409).code == "CONFLICT"
    for taken in ("order_tags", "orders", "customers", "order"):
        reply = await shop.post("/_admin/relations", {**tags(join_table=taken), "name": "again"})
        assert reply.expect(409).code == "CONFLICT"
    assert (await shop.post("/_admin/entities", entity("tag", table="order_tags"))).expect(409).code == "CONFLICT"
    assert (await shop.post("/_admin/entities", entity("order_tags", table="t"))).expect(409).code == "CONFLICT"
    moved = entity("customer", text("name"), text("code", unique=True), table="order_tags")
    assert (await shop.put("/_admin/entities/customer", moved)).expect(409).code == "CONFLICT"
    assert len((await shop.get("/_admin/relations")).data) == 1
    (await shop.post("/customer", {"name": "still here"})).expect(201)


async def test_missing_foreign_key_indexes_are_created(stack: Stack, shop: Client) -> None:
    await shop.define(relation(), "relations")
    await shop.define(relation("again"), "relations")
    assert await indexes(stack, shop, "orders") == ["INDEX (customer_id NULLS FIRST)"]
    (await shop.delete("/_admin/relations/orders")).expect(200)
    assert await indexes(stack, shop, "orders") == ["INDEX (customer_id NULLS FIRST)"]
    (await shop.delete("/_admin/relations/again")).expect(200)
    assert await indexes(stack, shop, "orders") == []


async def test_one_to_one_is_unique_among_undeleted_records(stack: Stack, shop: Client) -> None:
    await shop.define(entity("passport", reference("customer_id"), soft_delete=True))
    one = relation("passport", type="one_to_one", target="passport")
    await shop.define(one, "relations")
    assert await indexes(stack, shop, "passports") == ["UNIQUE (customer_id NULLS FIRST) WHERE (deleted_at IS NULL)"]
    customer = (await shop.post("/customer", {"name": "Ada"})).expect(201).data["id"]
    first = (await shop.post("/passport", {"customer_id": customer})).expect(201).data["id"]
    assert (await shop.post("/passport", {"customer_id": customer})).expect(409).code == "CONFLICT"
    (await shop.delete(f"/passport/{first}")).expect(200)
    (await shop.post("/passport", {"customer_id": customer})).expect(201)


async def test_one_to_one_over_duplicates_is_refused_and_changes_nothing(stack: Stack, shop: Client) -> None:
    customer = (await shop.post("/customer", {"name": "Ada"})).expect(201).data["id"]
    for _ in range(2):
        (await shop.post("/order", {"customer_id": customer})).expect(201)
    reply = (await shop.post("/_admin/relations", relation(type="one_to_one"))).expect(409)
    assert (reply.code, reply.details[0]["field"]) == ("CONFLICT", "customer_id")
    assert (await shop.get("/_admin/relations")).data == []
    assert await indexes(stack, shop, "orders") == []


async def test_join_tables_hold_key_pairs_and_are_retired_on_deletion(stack: Stack, shop: Client) -> None:
    await shop.define(tags(source_key="code"), "relations")
    columns = await query(
        stack,
        shop,
        "SELECT column_name AS name, data_type AS type, is_nullable AS nullable FROM information_schema.columns "
        "WHERE table_schema = 'records' AND table_name = 'order_tags' ORDER BY ordinal_position",
    )
    assert [tuple(row) for row in columns] == [
        ("customer_id", "text", "NO"),
        ("order_id", "uuid", "NO"),
        ("_version", "bigint", "NO"),
    ]
    grants = await query(
        stack, shop, "SELECT has_table_privilege('rocket_data', 'records.order_tags', 'SELECT, INSERT, DELETE') AS ok"
    )
    assert grants[0]["ok"]
    renamed = tags(source_key="code", join_table="labels", source_join_key="order_id", target_join_key="customer_id")
    (await shop.put("/_admin/relations/tagged", renamed)).expect(200)
    assert await indexes(stack, shop, "labels") == ["INDEX (customer_id)"]
    for change in (
        {"type": "one_to_many", "source_key": "id"},
        {"source": "order", "target": "customer", "source_key": "id"},
        {"source_key": "id"},
    ):
        reply = (await shop.put("/_admin/relations/tagged", {**renamed, **change})).expect(422)
        assert reply.details[0]["field"] in change
    for _ in range(2):
        (await shop.delete("/_admin/relations/tagged")).expect(200)
        await shop.define(tags(), "relations")
    kept = await query(stack, shop, "SELECT relname FROM pg_class WHERE relname ~ '^relation_' AND relkind = 'r'")
    assert len(kept) == 2


async def test_a_relation_can_be_renamed_and_reshaped(stack: Stack, shop: Client) -> None:
    await shop.define(relation(), "relations")
    (await shop.put("/_admin/relations/orders", relation("purchases", type="one_to_one"))).expect(200)
    assert [row["name"] for row in (await shop.get("/_admin/relations")).data] == ["purchases"]
    assert await indexes(stack, shop, "orders") == ["UNIQUE (customer_id NULLS FIRST)"]
    (await shop.put("/_admin/relations/purchases", {**tags(), "name": "purchases"})).expect(200)
    assert await indexes(stack, shop, "orders") == []
    (await shop.post("/_admin/relations", relation("purchases"))).expect(409)
    await shop.define(relation(), "relations")
    (await shop.put("/_admin/relations/orders", relation("purchases"))).expect(409)


async def test_changes_of_one_app_are_serialized(shop: Client) -> None:
    replies = await asyncio.gather(*(shop.post("/_admin/relations", relation(f"r{n % 4}")) for n in range(8)))
    assert sorted(reply.status for reply in replies) == [201] * 4 + [409] * 4
    assert sorted(row["name"] for row in (await shop.get("/_admin/relations")).data) == ["r0", "r1", "r2", "r3"]


async def test_deleting_an_entity_deletes_its_relations_and_policies(shop: Client) -> None:
    await shop.define(relation(), "relations")
    await shop.define(tags(), "relations")
    for name in ("order", "customer"):
        await shop.grant(name, "read", "clerk")
    (await shop.delete("/_admin/entities/order")).expect(200)
    assert (await shop.get("/_admin/relations")).data == []
    assert [row["entity"] for row in (await shop.get("/_admin/permissions")).data] == ["customer"]
    assert (await shop.get("/order")).expect(404).code == "UNKNOWN_ENTITY"
    (await shop.get("/customer")).expect(200)
    await shop.define(entity("order", reference("customer_id")))
    await shop.define(tags(), "relations")


async def test_a_change_that_would_break_a_relation_is_refused(shop: Client) -> None:
    await shop.define(relation(), "relations")
    await shop.define(tags(source_key="code"), "relations")
    for definition in (
        entity("order", integer("no")),
        entity("customer", text("name")),
        entity("customer", text("name"), text("code")),
    ):
        reply = (await shop.put(f"/_admin/entities/{definition['name']}", definition)).expect(422)
        assert "relation" in reply.body["error"]["message"]
        assert reply.details[0]["relation"] in ("orders", "tagged")
    shown = (await shop.get("/_admin/entities/customer")).data["definition"]
    assert [field["name"] for field in shown["fields"]] == ["id", "name", "code"]
    (await shop.post("/order", {"no": 1})).expect(201)


async def test_join_columns_widen_with_the_key_they_refer_to(stack: Stack, shop: Client) -> None:
    await shop.define(entity("item", integer("no", unique=True)))
    await shop.define(tags(source="item", source_key="no"), "relations")
    (await shop.put("/_admin/entities/item", entity("item", {"name": "no", "type": "bigint", "unique": True}))).expect(
        200
    )
    (row,) = await query(
        stack,
        shop,
        "SELECT data_type AS type FROM information_schema.columns "
        "WHERE table_name = 'order_tags' AND column_name = 'item_id'",
    )
    assert row["type"] == "bigint"
