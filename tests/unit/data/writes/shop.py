"""A small shop as the data service compiles it, and rows of it, for tests of writing."""

from __future__ import annotations

from typing import Any

from libs.shared import exact
from libs.shared.ids import uuid7
from services.data.model import EntityModel
from services.data.writes.statements.changes import Command, RowChange
from services.data.writes.statements.locking import Stored
from tests.support.client import entity, integer, text
from tests.support.schemas import schema_of

CUSTOMERS = entity("customer", text("name"), {"name": "deleted_at", "type": "timestamp"}, soft_delete=True)
ORDERS = entity(
    "order",
    {"name": "customer_id", "type": "uuid"},
    text("code", unique=True),
    text("state"),
    {"name": "changed_at", "type": "timestamp", "auto": "update"},
)
LINES = entity(
    "line",
    {"name": "order_id", "type": "uuid"},
    integer("count"),
    primary_key={"field": "id", "type": "int", "generated": True},
)
LINES["fields"][0] = integer("id")
TAGS = entity("tag", primary_key={"field": "name", "type": "string", "generated": False})
TAGS["fields"] = [text("name"), text("parent")]
SHOP = schema_of(
    CUSTOMERS, ORDERS, LINES, TAGS,
    relations=[
        {"name": "orders", "type": "one_to_many", "source": "customer", "target": "order", "target_key": "customer_id"},
        {"name": "lines", "type": "one_to_many", "source": "order", "target": "line", "target_key": "order_id"},
        {"name": "children", "type": "one_to_many", "source": "tag", "target": "tag", "target_key": "parent",
         "acyclic": True},
        {"name": "tags", "type": "many_to_many", "source": "order", "target": "tag", "join_table": "order_tags"},
    ],
)  # fmt: skip
CUSTOMER, ORDER, LINE, TAG = (SHOP.entity(name) for name in ("customer", "order", "line", "tag"))
COMMAND = Command(uuid7(), '{"actor":{}}', uuid7(), 7)


def change(key: Any, version: int | None = None, /, **values: Any) -> RowChange:
    """A row change of one record; the key is that of an entity with one key field."""
    return RowChange(COMMAND, None if key is None else (key,), values, version)


def stored(model: EntityModel, key: Any, version: int = 1, /, **record: Any) -> Stored:
    """A stored record."""
    whole = {model.key.names[0]: key, **record}
    return Stored((key,), version, whole, exact.dumps(whole).decode(), granted=True)
