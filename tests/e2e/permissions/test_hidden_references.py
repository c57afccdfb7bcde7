"""References to unreadable records behave like references to missing ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.client import Client, Reply, entity, integer, text
from tests.support.relations import make, reference, relation, where
from tests.support.staff import grant

NOBODY = "0190a000-0000-7000-8000-0000000000aa"


@dataclass(frozen=True, slots=True)
class Shop:
    """Customers and tags, of which a clerk may read those of the state `open`, and orders, which are all theirs."""

    admin: Client
    clerk: Client
    mine: Any
    hidden: Any
    tag: Any
    secret: Any


@pytest.fixture
async def shop(admin: Client) -> Shop:
    await admin.define(entity("customer", text("state"), text("name"), soft_delete=True))
    await admin.define(entity("order", text("title", unique=True), reference("customer_id")))
    await admin.define(entity("line", text("sku"), reference("order_id"), reference("customer_id")))
    await admin.define(entity("tag", text("state")))
    for each in (
        relation("orders", "one_to_many", "customer", "order", target_key="customer_id", on_delete="restrict"),
        relation("lines", "one_to_many", "order", "line", target_key="order_id", on_delete="cascade"),
        relation("of", "one_to_many", "customer", "line", target_key="customer_id", on_delete="set_null"),
        relation("tags", "many_to_many", "order", "tag", join_table="order_tags"),
    ):
        await admin.define(each, "relations")
    for name in ("order", "line"):
        for action in ("read", "create", "update", "delete"):
            await grant(admin, action, on=name)
    for name in ("customer", "tag"):
        await grant(admin, on=name, conditions=[where("state", "open")])
    clerk = await admin.user("clerk@example.com", ["clerk"])
    made = [await make(admin, name, state=state) for name in ("customer", "tag") for state in ("open", "closed")]
    return Shop(admin, clerk, *made)


def same(hidden: Reply, missing: Reply, *keys: str) -> None:
    """Two answers tell the same, but for the keys that were sent."""
    texts = [str(reply.body) for reply in (hidden, missing)]
    for key in keys:
        texts = [found.replace(key, "?") for found in texts]
    assert (hidden.status, texts[0]) == (missing.status, texts[1])
    assert hidden.status in (404, 422)
    assert ("X-Commit" in hidden.headers) == ("X-Commit" in missing.headers)


async def test_references_to_hidden_records_look_like_missing_ones(shop: Shop) -> None:
    clerk, hidden = shop.clerk, shop.hidden["id"]
    order = await make(clerk, "order", title="a", customer_id=shop.mine["id"])
    line = {"sku": "x"}

    async def ways(key: str) -> list[Reply]:
        body = {"customer_id": key}
        return [
            await clerk.post("/order", {"title": "b", **body}),
            await clerk.put(f"/order/{order['id']}", body),
            await clerk.post("/order/_bulk", [{"title": "c"}, {"title": "d", **body}]),
            await clerk.post("/order/_bulk?dry_run=true", [{"title": "c"}, {"title": "d", **body}]),
            await clerk.put("/order/_bulk?dry_run=true", [{"id": order["id"], **body}]),
            await clerk.post("/order", {"title": "e", "lines": {"data": [line, {**line, **body}]}}),
            await clerk.put(f"/order/{order['id']}", {"lines": {"data": [{**line, **body}]}}),
        ]

    for one, other in zip(await ways(hidden), await ways(NOBODY), strict=True):
        same(one, other, hidden, NOBODY)
    assert (await shop.admin.get("/order")).meta["total"] == 1


async def test_a_stored_hidden_reference_may_be_sent_back(shop: Shop) -> None:
    body = {"title": "a", "customer_id": shop.hidden["id"]}
    order = await make(shop.admin, "order", **body)
    path = f"/order/{order['id']}"
    (await shop.clerk.put(path, {**body, "title": "b"})).expect(200)
    (await shop.clerk.put("/order/_bulk", [{"id": order["id"], **body}])).expect(200)
    (await shop.clerk.put(path, {"customer_id": None})).expect(200)
    (await shop.clerk.put(path, body)).expect(422)
    (await shop.clerk.put(path, {"customer_id": shop.mine["id"]})).expect(200)


async def test_without_read_access_no_reference_can_be_set(shop: Shop) -> None:
    for action in ("create", "update"):
        await grant(shop.admin, action, role="blind", on="order")
    blind = await shop.admin.user("blind@example.com", ["blind"])
    (await blind.post("/order", {"title": "a", "customer_id": shop.mine["id"]})).expect(422)
    (await blind.post("/order", {"title": "a"})).expect(201)


async def test_pairs_with_hidden_records_are_not_changed(shop: Shop) -> None:
    clerk, secret, seen = shop.clerk, shop.secret["id"], shop.tag["id"]
    order = await make(shop.admin, "order", title="a", tags={"data": [{"id": seen}, {"id": secret}]})
    other = await make(shop.admin, "order", title="b")
    path = f"/order/{order['id']}"

    async def tags() -> set[str]:
        return {tag["id"] for tag in (await shop.admin.get(f"{path}?include=tags")).data["tags"]}

    attached = [await clerk.put(f"/order/{other['id']}", {"tags": {"data": [{"id": key}]}}) for key in (secret, NOBODY)]
    same(attached[0], attached[1], secret, NOBODY)
    (await clerk.put(path, {"tags": {"data": [{"id": secret}]}})).expect(200)
    for key in (secret, NOBODY):
        gone = (await clerk.put(path, {"tags": {"data": [{"id": key, "_delete": True}]}})).expect(200)
        assert "X-Commit" not in gone.headers
    (await clerk.put(path, {"tags": {"_write_mode": "replace", "data": []}})).expect(200)
    assert await tags() == {secret}
    (await shop.admin.put(path, {"tags": {"_write_mode": "replace", "data": []}})).expect(200)
    assert await tags() == set()


async def test_a_restricted_deletion_reveals_no_hidden_records(shop: Shop) -> None:
    await grant(shop.admin, "delete", on="customer")
    await grant(shop.admin, role="keeper", on="customer")
    await grant(shop.admin, "delete", role="keeper", on="customer")
    await grant(shop.admin, role="keeper", on="order", conditions=[where("title", "mine")])
    keeper = await shop.admin.user("keeper@example.com", ["keeper"])
    path = f"/customer/{shop.mine['id']}"
    for title in ("x", "y"):
        await make(shop.admin, "order", title=title, customer_id=shop.mine["id"])
    for refused in (await keeper.delete(path), await keeper.request("DELETE", "/customer/_bulk?dry_run=true",
                    json=[shop.mine["id"]])):  # fmt: skip
        assert refused.expect(409).code == "CONFLICT" and refused.details[0]["rule"] == "restrict"
        assert not {"2", "order"} & set(str(refused.details[0]["message"]).split())
        assert "relation" not in refused.details[0]
    await make(shop.admin, "order", title="mine", customer_id=shop.mine["id"])
    assert (await keeper.delete(path)).expect(409).details[0]["message"].startswith("1 order")
    assert (await shop.admin.delete(path)).expect(409).details[0]["message"].startswith("3 order")


async def test_field_policies_cover_many_to_many_relations(admin: Client) -> None:
    await admin.define(entity("order", text("title"), text("state"), integer("n")))
    await admin.define(entity("tag", text("label")))
    await admin.relate("tags", "many_to_many", "order", "tag", join_table="ot")
    await grant(admin, on="tag")
    await grant(admin, on="order", fields={"exclude": ["n"]})
    await grant(admin, "create", on="order", fields={"include": ["title", "state"]})
    await grant(admin, "update", on="order", fields={"include": ["title"]})
    await grant(admin, "update", on="order", fields={"include": ["tags"]}, conditions=[where("state", "open")])
    await grant(admin, "update", role="other", on="order", fields={"exclude": ["tags"]})
    await grant(admin, role="other", on="order", fields={"exclude": ["tags"]})
    clerk = await admin.user("clerk@example.com", ["clerk"])
    other = await admin.user("other@example.com", ["other"])
    tag = await make(admin, "tag", label="t")
    body = {"tags": {"data": [{"id": tag["id"]}]}}
    [detail] = (await clerk.post("/order", {"title": "t", **body})).expect(403).details
    assert (detail["field"], detail["rule"]) == ("tags", "permission")
    order = (await clerk.post("/order", {"title": "t", "state": "closed"})).expect(201).data
    path = f"/order/{order['id']}"
    assert (await clerk.put(path, body)).expect(403).details[0]["field"] == "tags"
    [detail] = (await clerk.put("/order/_bulk", [{"id": order["id"], **body}])).expect(403).details
    assert (detail["field"], detail["index"]) == ("tags", 0)
    assert (await other.put(path, {**body, "title": "u"})).expect(403).details[0]["field"] == "tags"
    (await admin.put(path, {"state": "open"})).expect(200)
    paired = (await clerk.put(path, body)).expect(200)
    (await other.post(f"/_commits/{paired.headers['X-Commit']}/undo")).expect(403)
    (await clerk.post(f"/_commits/{paired.headers['X-Commit']}/undo")).expect(200)
    assert "tags" in (await clerk.get(f"{path}?include=tags")).expect(200).data
    assert (await other.get(f"{path}?include=tags")).expect(400).code == "UNKNOWN_FIELD"
    wrong = {"entity": "order", "action": "update", "roles": ["x"], "fields": {"exclude": ["tagz"]}}
    (await admin.post("/_admin/permissions", wrong)).expect(422)
