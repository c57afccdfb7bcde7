"""A shop of related entities, and builders of relations and conditions."""

from __future__ import annotations

from typing import Any

from tests.support.client import Client, entity, integer, text

UUID = "uuid"


def reference(name: str, kind: str = UUID, **settings: Any) -> dict[str, Any]:
    """A field that holds another record's key."""
    return {"name": name, "type": kind, **settings}


def relation(name: str, kind: str, source: str, target: str, **settings: Any) -> dict[str, Any]:
    """A relation's definition."""
    return {"name": name, "type": kind, "source": source, "target": target, **settings}


CUSTOMER = entity("customer", text("name"), text("city"), soft_delete=True)
ORDER = entity("order", text("title"), integer("total"), reference("customer_id"))
ITEM = entity("item", text("sku"), integer("amount"), reference("order_id"), soft_delete=True)
PROFILE = entity("profile", text("motto"), reference("customer_id"))
TAG = entity("tag", text("label"))
NODE = entity("node", text("name"), reference("parent_id"))

RELATIONS = (
    relation("orders", "one_to_many", "customer", "order", target_key="customer_id", on_delete="set_null"),
    relation("items", "one_to_many", "order", "item", target_key="order_id", on_delete="cascade"),
    relation("profile_of", "one_to_one", "customer", "profile", target_key="customer_id", on_delete="cascade"),
    relation("tags", "many_to_many", "order", "tag", join_table="order_tags", source_join_key="order_id",
             target_join_key="tag_id"),
    relation("children", "one_to_many", "node", "node", target_key="parent_id", on_delete="set_null"),
)  # fmt: skip


async def define_shop(admin: Client, **changes: dict[str, Any]) -> None:
    """Customers with orders, items, a profile each, tags of orders, and a tree of nodes."""
    for definition in (CUSTOMER, ORDER, ITEM, PROFILE, TAG, NODE):
        await admin.define({**definition, **changes.get(str(definition["name"]), {})})
    for definition in RELATIONS:
        await admin.define({**definition, **changes.get(str(definition["name"]), {})}, "relations")


async def make(admin: Client, entity_name: str, **values: Any) -> Any:
    """A new record."""
    return (await admin.post(f"/{entity_name}", values)).expect(201).data


async def allow(admin: Client, entity_name: str, *conditions: dict[str, Any], action: str = "read") -> None:
    """A policy for the role `sales`."""
    await admin.grant(entity_name, action, "sales", conditions=list(conditions))


def where(field: str, value: Any, operator: str = "eq") -> dict[str, Any]:
    """A condition of a policy."""
    return {"field": field, "operator": operator, "value": value}


async def pair(admin: Client, order: Any, *tags: Any) -> None:
    """Tag an order."""
    (await admin.put(f"/order/{order['id']}", {"tags": {"data": [{"id": tag["id"]} for tag in tags]}})).expect(200)
