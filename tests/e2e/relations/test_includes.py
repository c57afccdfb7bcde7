"""`include`, eager relations, and filters through relations."""

from __future__ import annotations

from typing import Any

import pytest

from libs.shared.testing.polling import eventually
from tests.support.client import Client, entity, integer, text
from tests.support.relations import allow, define_shop, make, pair, reference, relation, where


class Shop:
    """Ann with two orders and a profile, Bob with none; items of the first order, one in the trash."""

    def __init__(self, admin: Client) -> None:
        self.admin = admin

    async def fill(self, **changes: dict[str, Any]) -> Shop:
        admin = self.admin
        await define_shop(admin, **changes)
        self.ann = await make(admin, "customer", name="Ann", city="Rome")
        self.bob = await make(admin, "customer", name="Bob", city="Oslo")
        self.profile = await make(admin, "profile", motto="Carpe diem", customer_id=self.ann["id"])
        orders = [
            await make(admin, "order", title=t, total=n, customer_id=self.ann["id"]) for n, t in ((5, "a"), (9, "b"))
        ]
        self.first, self.second = orders
        items = [
            await make(admin, "item", sku=s, amount=n, order_id=self.first["id"])
            for n, s in ((1, "x"), (2, "y"), (3, "z"))
        ]
        (await admin.delete(f"/item/{items[2]['id']}")).expect(200)
        self.items = by_key(items[:2])
        return self


def by_key(records: list[Any]) -> list[Any]:
    """Records in the order in which lists of related ones come."""
    return sorted(records, key=lambda record: record["id"])


def plain(record: Any, *included: str) -> Any:
    """A record without what was included."""
    return {name: value for name, value in record.items() if name not in included}


@pytest.fixture(scope="module")
async def shop(common_admin: Client) -> Shop:
    """One that is only looked at."""
    return await Shop(common_admin).fill()


@pytest.fixture
async def own_shop(admin: Client) -> Shop:
    """One for a test that changes it."""
    return await Shop(admin).fill()


async def test_one_to_many_includes_a_list(shop: Shop) -> None:
    customers = (await shop.admin.get("/customer?include=orders&sort=name")).expect(200)
    ann, bob = customers.data
    assert ann == {**shop.ann, "orders": by_key([shop.first, shop.second])}
    assert bob == {**shop.bob, "orders": []}
    assert customers.meta == {"page": 1, "per_page": 25, "total": 2}


async def test_a_target_includes_its_source_or_null(own_shop: Shop) -> None:
    orphan = await make(own_shop.admin, "order", title="c")
    found = {row["id"]: row for row in (await own_shop.admin.get("/order?include=customer")).data}
    assert found[own_shop.first["id"]] == {**own_shop.first, "customer": own_shop.ann}
    assert found[orphan["id"]] == {**orphan, "customer": None}


async def test_one_to_one_from_both_ends(shop: Shop) -> None:
    ann = (await shop.admin.get(f"/customer/{shop.ann['id']}?include=profile_of")).data
    assert ann == {**shop.ann, "profile_of": shop.profile}
    bob = (await shop.admin.get(f"/customer/{shop.bob['id']}?include=profile")).data
    assert bob == {**shop.bob, "profile": None}
    profile = (await shop.admin.get(f"/profile/{shop.profile['id']}?include=customer")).data
    assert profile["customer"] == shop.ann


async def test_many_to_many_lists_from_either_side(own_shop: Shop) -> None:
    admin = own_shop.admin
    red, blue = [await make(admin, "tag", label=label) for label in ("red", "blue")]
    assert (await admin.get(f"/order/{own_shop.first['id']}?include=tags")).data["tags"] == []
    await pair(admin, own_shop.first, red, blue)
    assert (await admin.get(f"/order/{own_shop.first['id']}?include=tags")).data["tags"] == by_key([red, blue])
    assert (await admin.get(f"/tag/{red['id']}?include=order")).data["order"] == [own_shop.first]
    assert (await admin.get(f"/tag/{red['id']}?include=tags")).data["tags"] == [own_shop.first]
    found = (await admin.get("/order?filter[tags.label]=blue")).data
    assert found == [own_shop.first]
    assert (await admin.get("/tag?filter[order.title]=a&sort=label")).data == [blue, red]


async def test_includes_appear_under_the_requested_name(shop: Shop) -> None:
    by_relation = (await shop.admin.get(f"/order/{shop.first['id']}?include=items")).data
    by_entity = (await shop.admin.get(f"/order/{shop.first['id']}?include=item")).data
    assert by_relation["items"] == by_entity["item"] == shop.items
    assert "item" not in by_relation and "items" not in by_entity
    assert "items" not in (await shop.admin.get(f"/order/{shop.first['id']}")).data
    both = (await shop.admin.get(f"/order/{shop.first['id']}?include=items,item")).data
    assert both["items"] == both["item"] == shop.items


async def test_includes_within_includes(shop: Shop) -> None:
    reply = await shop.admin.get(f"/customer/{shop.ann['id']}?include= orders . items , orders.tags,profile, ,")
    ann = reply.expect(200).data
    first = {**shop.first, "items": shop.items, "tags": []}
    second = {**shop.second, "items": [], "tags": []}
    assert ann == {**shop.ann, "orders": by_key([first, second]), "profile": shop.profile}
    deep = (await shop.admin.get(f"/item/{shop.items[0]['id']}?include=order.customer.profile")).data
    assert deep["order"]["customer"]["profile"] == shop.profile


async def test_a_tree_has_children_and_parents(own_shop: Shop) -> None:
    admin = own_shop.admin
    root = await make(admin, "node", name="root")
    leaves = [await make(admin, "node", name=name, parent_id=root["id"]) for name in "ab"]
    assert (await admin.get(f"/node/{root['id']}?include=children")).data["children"] == by_key(leaves)
    leaf = (await admin.get(f"/node/{leaves[0]['id']}?include=parent,children")).data
    assert (leaf["parent"], leaf["children"]) == (root, [])
    assert (await admin.get("/node?filter[parent.name]=root&sort=name")).data == leaves
    assert (await admin.get("/node?filter[children.name]=a")).data == [root]


async def test_deleted_records_are_not_included(own_shop: Shop) -> None:
    (await own_shop.admin.delete(f"/customer/{own_shop.ann['id']}")).expect(200)
    order = (await own_shop.admin.get(f"/order/{own_shop.second['id']}?include=customer,items")).data
    assert (order["customer"], order["items"]) == (None, [])
    assert (await own_shop.admin.get("/order?filter[customer.name]=Ann")).data == []
    assert (await own_shop.admin.get("/order?filter[items.sku]=z")).data == []


@pytest.mark.parametrize("include", ["nope", "tag", "orders.nope", "orders..items", ".", "name", "orders.items.tags"])
async def test_unknown_includes(shop: Shop, include: str) -> None:
    for path in ("/customer", f"/customer/{shop.ann['id']}"):
        reply = (await shop.admin.get(f"{path}?include={include}")).expect(400)
        assert reply.code == "UNKNOWN_FIELD" and reply.details[0]["message"] == "unknown include"


async def test_includes_are_limited_in_depth_and_number(shop: Shop) -> None:
    deepest = ".".join(["children"] * 5)
    (await shop.admin.get(f"/node?include={deepest}")).expect(200)
    assert (await shop.admin.get(f"/node?include={deepest}.children")).expect(400).code == "INVALID_PAYLOAD"
    many = ",".join(f"x{n}" for n in range(31))
    assert (await shop.admin.get(f"/customer?include={many}")).expect(400).code == "INVALID_PAYLOAD"


async def test_eager_relations_are_always_included(admin: Client) -> None:
    shop = await Shop(admin).fill(items={"fetch": "eager"})
    first = {**shop.first, "items": shop.items}
    assert (await admin.get(f"/order/{shop.first['id']}")).data == first
    assert (await admin.get("/order?filter[title]=a")).data == [first]
    assert (await admin.get("/order?filter[title]=a&fields=title")).data == [{"title": "a", "items": shop.items}]
    assert (await admin.get("/order?filter[title]=a&include=items")).data == [first]
    assert "order" not in (await admin.get(f"/item/{shop.items[0]['id']}")).data


async def test_only_readable_records_are_included(own_shop: Shop) -> None:
    admin = own_shop.admin
    sales = await admin.user("sales@example.com", ["sales"])
    await allow(admin, "order")
    refused = await sales.get("/order?include=items")
    assert refused.expect(403).code == "FORBIDDEN"
    assert (await sales.get(f"/order/{own_shop.first['id']}?include=customer")).expect(403).code == "FORBIDDEN"
    assert (await sales.get("/order?filter[items.sku]=x")).expect(403).code == "FORBIDDEN"
    await allow(admin, "item", where("sku", "x"))
    await allow(admin, "customer", where("name", "Bob"))
    order = (await sales.get(f"/order/{own_shop.first['id']}?include=items,customer")).expect(200).data
    assert [item["sku"] for item in order["items"]] == ["x"]
    assert order["customer"] is None
    assert (await sales.get("/order?filter[items.sku]=x")).data == [own_shop.first]
    assert (await sales.get("/order?filter[items.sku]=y")).data == []
    assert (await sales.get("/order?filter[customer.name]=Ann")).data == []


async def test_an_eager_relation_that_may_not_be_read_is_absent(admin: Client) -> None:
    shop = await Shop(admin).fill(items={"fetch": "eager"})
    sales = await admin.user("sales@example.com", ["sales"])
    await allow(admin, "order")
    assert (await sales.get(f"/order/{shop.first['id']}")).data == shop.first
    (await sales.get(f"/order/{shop.first['id']}?include=items")).expect(403)


async def test_filters_through_relations(shop: Shop) -> None:
    async def found(query: str) -> list[str]:
        return [row["title"] for row in (await shop.admin.get(f"/order?sort=title&{query}")).expect(200).data]

    assert await found("filter[customer.name]=Ann") == ["a", "b"]
    assert await found("filter[customer.name.neq]=Ann") == []
    assert await found("filter[items.amount.gte]=2") == ["a"]
    assert await found("filter[items.amount.gt]=2") == []
    assert await found("filter[items.sku]=x&filter[items.sku]=y") == ["a"]
    assert await found("filter[customer.profile.motto.starts_with]=Carpe") == ["a", "b"]
    assert await found("filter[customer.profile.motto]=x") == []
    assert await found("filter[customer.id]=" + shop.ann["id"]) == ["a", "b"]
    customers = await shop.admin.get("/customer?filter[orders.items.sku]=y&filter[city]=Rome")
    assert customers.data == [shop.ann] and customers.meta["total"] == 1


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("customer", "1", "UNKNOWN_FIELD"), ("customer.nope", "1", "UNKNOWN_FIELD"),
        ("nope.name", "1", "UNKNOWN_FIELD"),
        ("customer.name.near", "1", "INVALID_PAYLOAD"), ("items.amount", "x", "INVALID_PAYLOAD"),
        ("customer.orders", "1", "UNKNOWN_FIELD"), ("items.", "1", "UNKNOWN_FIELD"),
        (".".join(["customer", "orders"] * 3) + ".title", "1", "INVALID_PAYLOAD"),
    ],
)  # fmt: skip
async def test_invalid_filters_through_relations_are_refused(shop: Shop, name: str, value: str, code: str) -> None:
    assert (await shop.admin.get(f"/order?filter[{name}]={value}")).expect(400).code == code


async def test_a_field_takes_precedence_over_a_relation(admin: Client) -> None:
    await admin.define(entity("owner", text("name")))
    await admin.define(entity("pet", text("name"), reference("owner")))
    await admin.relate("pets", "one_to_many", "owner", "pet", target_key="owner")
    ann = await make(admin, "owner", name="Ann")
    rex = await make(admin, "pet", name="Rex", owner=ann["id"])
    assert (await admin.get(f"/pet?filter[owner]={ann['id']}")).data == [rex]
    assert (await admin.get(f"/pet?filter[owner.neq]={ann['id']}")).data == []
    assert (await admin.get("/pet?filter[owner.name]=Ann")).data == [rex]
    assert (await admin.get("/pet?include=owner")).data == [{**rex, "owner": ann}]


async def test_includes_by_slug_and_other_kinds_of_keys(admin: Client) -> None:
    key = {"field": "id", "type": "int", "generated": True}
    slug = {"field": "slug", "source": "name"}
    fields = ({"name": "id", "type": "int"}, text("name"), text("slug", unique=True))
    await admin.define({"name": "team", "table": "teams", "primary_key": key, "slug": slug, "soft_delete": True,
                        "fields": list(fields)})  # fmt: skip
    await admin.define(entity("player", text("name"), integer("team_id")))
    plays = relation("players", "one_to_many", "team", "player", on_delete="set_null")
    await admin.define(plays, "relations")
    team = await make(admin, "team", name="Reds", slug="the-reds")
    confusing = await make(admin, "team", name="Numbers", slug=str(team["id"]))
    player = await make(admin, "player", name="Ann", team_id=team["id"])
    assert (await admin.get("/team/the-reds")).expect(200).data == team
    assert (await admin.get("/team/the-reds?include=players")).data == {**team, "players": [player]}
    assert (await admin.get(f"/team/{team['id']}")).data == team
    assert (await admin.get(f"/team/{confusing['id']}")).data == confusing
    for unknown in ("nobody", "999999", "%00", "a%ff"):
        assert (await admin.get(f"/team/{unknown}")).expect(404).code == "NOT_FOUND"
    (await admin.delete(f"/team/{team['id']}")).expect(200)
    assert (await admin.get("/team/the-reds")).expect(404).code == "NOT_FOUND"
    assert (await admin.get(f"/team/{team['id']}")).expect(200).data == confusing


async def test_includes_of_composite_keys(admin: Client) -> None:
    fields = [text("country"), integer("number"), text("name"), reference("owner_id")]
    await admin.define({"name": "plate", "table": "plates", "primary_key": {"fields": ["country", "number"]},
                        "fields": fields})  # fmt: skip
    await admin.define(entity("owner", text("name")))
    await admin.relate("plates", "one_to_many", "owner", "plate")
    ann = await make(admin, "owner", name="Ann")
    plates = [
        await make(admin, "plate", country=c, number=n, owner_id=ann["id"]) for c, n in (("b", 1), ("a", 2), ("a", 1))
    ]
    assert (await admin.get("/plate/a%2C2")).expect(200).data == plates[1]
    assert (await admin.get("/plate/a,2?include=owner")).data == {**plates[1], "owner": ann}
    assert (await admin.get("/owner?include=plates")).data[0]["plates"] == plates[::-1]
    for unknown in ("a", "a,3", "a,2,1", ",", "a,x"):
        (await admin.get(f"/plate/{unknown}")).expect(404)


async def test_the_number_of_statements_does_not_depend_on_the_number_of_rows(own_shop: Shop) -> None:
    """A page of many records with three includes over two levels is one statement."""
    admin = own_shop.admin
    for n in range(30):
        order = await make(admin, "order", title=str(n), customer_id=own_shop.ann["id"])
        await make(admin, "item", sku=str(n), order_id=order["id"])
    reply = (await admin.get("/order?per_page=100&include=items,tags,customer.profile")).expect(200)
    assert len(reply.data) == 32 and all(row["customer"]["profile"] == own_shop.profile for row in reply.data)

    async def statements() -> Any:
        trace = await admin.get(f"/_events/trace/{reply.headers['X-Trace-ID']}")
        return trace.status == 200 and actions(trace.data["root_span"]).count("query.execute")

    assert await eventually(statements) == 1


def actions(span: dict[str, Any]) -> list[str]:
    """What happened within a span, and what it was."""
    return [span["action"], *(action for child in span["children"] for action in actions(child))]
