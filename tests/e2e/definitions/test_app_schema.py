"""`GET /_schema`: the app's entities as the caller may use them."""

from __future__ import annotations

from typing import Any

from tests.support.client import Client, entity, integer, text
from tests.support.relations import reference

MACHINE = {"initial": "lead", "transitions": [{"from": "lead", "to": "won", "roles": ["closer"]}]}


async def described(client: Client) -> dict[str, Any]:
    return {each["name"]: each for each in (await client.get("/_schema")).expect(200).data["entities"]}


async def test_the_schema_shows_what_policies_allow(admin: Client) -> None:
    await admin.define(entity("company", text("name")))
    stage = text("stage", enum=["lead", "won"], default="lead")
    await admin.define(entity("deal", text("title", required=True), stage, integer("margin"), text("company_id")))
    await admin.define(entity("order", integer("net"), integer("gross")))
    computed = {"field": "gross", "expression": "record.net * 2"}
    rule = {"entity": "order", "hook": "before_write", "type": "computed", "definition": computed}
    await admin.define(rule, "rules")
    relation = {"name": "deals", "type": "one_to_many", "source": "company", "target": "deal", "source_key": "name",
                "target_key": "company_id"}  # fmt: skip
    refused = await admin.post("/_admin/relations", relation)
    assert refused.expect(422).details[0]["field"] == "source_key"
    await admin.define({"entity": "deal", "field": "stage", "definition": MACHINE}, "state-machines")
    await admin.grant("deal", "read", "clerk", fields={"exclude": ["margin"]}, masks={"title": "last4"})
    clerk = await admin.user("ann@example.com", ["clerk"])

    everything = await described(admin)
    assert set(everything) == {"company", "deal", "order"}
    order = {field["name"]: field for field in everything["order"]["fields"]}
    assert (order["gross"]["computed"], order["gross"]["create"], order["gross"]["update"]) == (True, False, False)
    assert (order["net"]["computed"], order["net"]["update"]) == (False, True)
    deal = everything["deal"]
    assert deal["actions"] == ["create", "delete", "read", "update"]
    fields = {field["name"]: field for field in deal["fields"]}
    assert (fields["title"]["required"], fields["stage"]["enum"], fields["stage"]["default"]) == (
        True, ["lead", "won"], "lead",
    )  # fmt: skip
    assert (fields["id"]["create"], fields["title"]["create"]) == (False, True)
    assert deal["state_machines"] == [
        {"field": "stage", "initial": "lead", "transitions": [{"from": "lead", "to": "won", "roles": ["closer"]}]}
    ]

    seen = await described(clerk)
    assert set(seen) == {"deal"}
    fields = {field["name"]: field for field in seen["deal"]["fields"]}
    assert seen["deal"]["actions"] == ["read"]
    assert "margin" not in fields
    assert (fields["title"]["masked"], fields["title"]["filter"], fields["stage"]["filter"]) == (True, False, True)
    assert not any(field["create"] or field["update"] for field in fields.values())


async def test_relations_to_hidden_entities_are_left_out(admin: Client) -> None:
    await admin.define(entity("company", text("name")))
    await admin.define(entity("deal", text("title"), reference("company_id")))
    await admin.relate("deals", "one_to_many", "company", "deal")
    await admin.grant("deal", "read", "clerk")
    clerk = await admin.user("ann@example.com", ["clerk"])
    (shown,) = (await described(admin))["deal"]["relations"]
    assert (shown["name"], shown["source"], shown["target_key"]) == ("deals", "company", "company_id")
    assert (await described(clerk))["deal"]["relations"] == []


async def test_the_schema_has_an_etag(admin: Client) -> None:
    await admin.define(entity("deal", text("title")))
    first = (await admin.get("/_schema")).expect(200)
    tag = first.headers["ETag"]
    (await admin.get("/_schema", If_None_Match=tag)).expect(304)
    await admin.define(entity("note", text("title")))
    assert (await admin.get("/_schema", If_None_Match=tag)).expect(200).headers["ETag"] != tag
