"""Two gateways and two data services: changes through one apply at once through the other."""

from __future__ import annotations

from deploy.embedded.stack import Stack
from tests.support.client import Client, entity, integer, text

ROUNDS = 15
"""Repetitions, so that every pair of gateway and data service is met."""


async def test_a_definition_is_usable_at_once_through_the_other_gateway(stack: Stack, admin: Client) -> None:
    first, second = (admin.at(url) for url in stack.gateway_urls)
    for number in range(ROUNDS):
        await first.define(entity(f"kind{number}", text("name")))
        (await second.post(f"/kind{number}", {"name": "a"})).expect(201)
        assert (await second.get(f"/kind{number}")).expect(200).meta["total"] == 1


async def test_changed_fields_apply_at_once_on_all_replicas(stack: Stack, admin: Client) -> None:
    first, second = (admin.at(url) for url in stack.gateway_urls)
    definition = entity("thing", text("name"))
    await first.define(definition)
    record = (await second.post("/thing", {"name": "a"})).data
    for number in range(ROUNDS):
        wider = entity("thing", text("name"), integer(f"n{number}"))
        (await first.put("/_admin/entities/thing", wider)).expect(200)
        changed = (await second.put(f"/thing/{record['id']}", {f"n{number}": number})).expect(200).data
        assert changed == {"id": record["id"], "name": "a", f"n{number}": number}
        (await first.put("/_admin/entities/thing", definition)).expect(200)
        assert (await second.get(f"/thing/{record['id']}")).data == record
        (await second.put(f"/thing/{record['id']}", {f"n{number}": 1})).expect(422)
    (await first.put("/_admin/entities/thing", entity("thing", text("name"), integer("n3")))).expect(200)
    assert (await second.get(f"/thing/{record['id']}")).data["n3"] == 3


async def test_a_revoked_permission_is_refused_at_once_on_all_replicas(stack: Stack, admin: Client) -> None:
    await admin.define(entity("thing", text("name")))
    user = await admin.user("ann@example.com", ["sales"])
    first, second = admin.at(stack.gateway_urls[0]), user.at(stack.gateway_urls[1])
    for action, method in (("create", "POST"), ("read", "GET")):
        body = {"name": "a"} if action == "create" else None
        policy = {"entity": "thing", "action": action, "roles": ["sales"]}
        (await second.request(method, "/thing", body)).expect(403)
        for _ in range(ROUNDS):
            granted = await first.define(policy, "permissions")
            assert (await second.request(method, "/thing", body)).status in (200, 201)
            (await first.delete(f"/_admin/permissions/{granted['id']}")).expect(200)
            (await second.request(method, "/thing", body)).expect(403)


async def test_earlier_versions_obey_current_definitions_on_all_replicas(stack: Stack, admin: Client) -> None:
    """What is read from the log goes by the definitions of this moment, as what is read from tables does."""
    definition, wider = entity("thing", text("name")), entity("thing", text("name"), integer("n"))
    await admin.define(definition)
    user = await admin.user("ann@example.com", ["sales"])
    path = f"/thing/{(await admin.post('/thing', {'name': 'a'})).data['id']}"
    first, second = admin.at(stack.gateway_urls[0]), user.at(stack.gateway_urls[1])
    about = {"roles": ["sales"], "action": "read", "entity": "thing"}
    policy = {"entity": "thing", "action": "read", "roles": ["sales"]}
    for _ in range(ROUNDS):
        granted = await first.define(policy, "permissions")
        (await first.put("/_admin/entities/thing", wider)).expect(200)
        assert (await second.get(f"{path}?version=1")).expect(200).data["n"] is None
        (await first.put("/_admin/entities/thing", definition)).expect(200)
        assert "n" not in (await second.get(f"{path}?version=1")).expect(200).data
        assert len((await second.get(f"{path}/history")).expect(200).data) == 1
        (await first.delete(f"/_admin/permissions/{granted['id']}")).expect(200)
        for asked in (f"{path}?version=1", f"{path}/history"):
            (await second.get(asked)).expect(403)
        explained = (await admin.at(second.url).post("/_admin/explain", about)).expect(200).data
        assert explained["verdict"] == "denied"


async def test_policy_conditions_apply_on_all_replicas(admin: Client) -> None:
    await admin.define(entity("thing", text("owner"), text("state"), integer("rank")))
    user = await admin.user("ann@example.com", ["sales"])
    mine = (await admin.post("/thing", {"owner": "ann@example.com", "state": "open", "rank": 1})).data
    shared = (await admin.post("/thing", {"owner": "bob@example.com", "state": "shared", "rank": 2})).data
    hidden = (await admin.post("/thing", {"owner": "bob@example.com", "state": "open", "rank": 3})).data
    for conditions in (
        [{"field": "owner", "operator": "eq", "value": "$user.email"}],
        [
            {"field": "state", "operator": "in", "value": ["shared"]},
            {"field": "rank", "operator": "lt", "value": 9},
        ],
    ):
        await admin.grant("thing", "read", "sales", conditions=conditions)
    listed = await user.get("/thing?sort=rank")
    assert (listed.data, listed.meta["total"]) == ([mine, shared], 2)
    assert (await user.get("/thing?filter[rank.gt]=2")).meta["total"] == 0
    (await user.get(f"/thing/{hidden['id']}")).expect(404)
    (await user.get(f"/thing/{hidden['id']}/history")).expect(404)
    (await user.put(f"/thing/{mine['id']}", {"rank": 5})).expect(403)
    await admin.grant(
        "thing", "update", "sales", conditions=[{"field": "owner", "operator": "eq", "value": "$user.email"}]
    )
    (await user.put(f"/thing/{mine['id']}", {"rank": 5})).expect(200)
    (await user.put(f"/thing/{shared['id']}", {"rank": 5})).expect(403)
    (await user.put("/thing/00000000-0000-4000-8000-000000000000", {"rank": 5})).expect(404)
