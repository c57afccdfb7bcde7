"""Why a record is in a list or not: for oneself, and for others by an admin; explanations of many records at once."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.support.client import Client, entity, integer, text
from tests.support.relations import allow, make, reference, where

NOBODY = "00000000-0000-4000-8000-000000000000"
CASE = entity(
    "case", text("title"), text("status"), integer("size"), text("secret"), reference("team_id"), soft_delete=True
)
TEAM = entity("team", text("name"))


@pytest.fixture(scope="module")
async def office(common_admin: Client) -> tuple[Client, Client, dict[str, str]]:
    """An admin, somebody of sales, who sees open cases without their secret, and cases by title."""
    admin = common_admin
    await admin.define(TEAM)
    await admin.define(CASE)
    await admin.relate("cases", "one_to_many", "team", "case", target_key="team_id")
    await admin.grant("case", "read", "sales", conditions=[where("status", "open")], fields={"exclude": ["secret"]})
    await allow(admin, "team")
    red = await make(admin, "team", name="red")
    ids = {}
    for title, values in {
        "open": {"status": "open", "size": 1, "team_id": red["id"]},
        "shut": {"status": "shut", "size": 2},
        "gone": {"status": "open", "size": 3},
    }.items():
        ids[title] = (await make(admin, "case", title=title, secret="s", **values))["id"]
    (await admin.delete(f"/case/{ids['gone']}")).expect(200)
    return admin, await admin.user("sales@example.com", ["sales"]), ids


def holding(checks: list[dict[str, Any]]) -> list[tuple[str, bool]]:
    return [(check.get("parameter", check["check"]), check["holds"]) for check in checks]


async def test_each_condition_of_a_list_is_told_apart(office: tuple[Client, Client, dict[str, str]]) -> None:
    admin, sales, ids = office
    query = "filter[status]=open&filter[size.gt]=1&q=OPEN&filter[cases.nothing]=1"
    assert (await admin.get(f"/case/{ids['open']}/listed?{query}")).expect(400).code == "UNKNOWN_FIELD"
    query = "filter[status]=open&filter[size.gt]=1&filter[team.name]=red&q=OPEN&sort=-size&per_page=5&fields=title"
    found = (await sales.get(f"/case/{ids['open']}/listed?{query}")).expect(200).data
    assert found["listed"] is False
    assert holding(found["checks"]) == [
        ("permission", True), ("deleted", True), ("filter[status]", True), ("filter[size.gt]", False),
        ("filter[team.name]", True), ("q", True),
    ]  # fmt: skip
    failing = found["checks"][3]
    assert (failing["value"], failing["stored"], bool(failing["message"])) == ("1", 1, True)
    assert "stored" not in found["checks"][4]
    found = (await admin.get(f"/case/{ids['shut']}/listed?filter[team.name]=red&q=red")).expect(200).data
    assert holding(found["checks"])[2:] == [("filter[team.name]", False), ("q", False)]
    assert (await admin.get(f"/case/{ids['open']}/listed")).expect(200).data["listed"] is True


async def test_the_trash_has_lists_of_its_own(office: tuple[Client, Client, dict[str, str]]) -> None:
    admin, _, ids = office
    for query, listed in (("", False), ("deleted=with", True), ("deleted=only", True), ("deleted=only&q=x", False)):
        found = (await admin.get(f"/case/{ids['gone']}/listed?{query}")).expect(200).data
        assert found["listed"] is listed and found["checks"][1]["holds"] is (query != "")
    live = (await admin.get(f"/case/{ids['open']}/listed?deleted=only")).expect(200).data
    assert holding(live["checks"]) == [("permission", True), ("deleted", False)]


async def test_hidden_records_look_missing_to_oneself(office: tuple[Client, Client, dict[str, str]]) -> None:
    _, sales, ids = office
    missing = (await sales.get(f"/case/{NOBODY}/listed")).expect(404)
    for hidden in ("shut", "gone"):
        assert (await sales.get(f"/case/{ids[hidden]}/listed")).expect(404).body == missing.body
    assert (await sales.get(f"/case/{ids['open']}/listed?filter[secret]=s")).expect(400).code == "UNKNOWN_FIELD"
    (await sales.get(f"/case/{ids['open']}/listed?as_of=1")).expect(400)
    (await sales.get(f"/case/{ids['open']}/listed?filer[size]=1")).expect(400)


async def test_admins_ask_for_others(office: tuple[Client, Client, dict[str, str]]) -> None:
    admin, sales, ids = office

    async def why(title: str, listed: str, **who: Any) -> Any:
        asked = {"action": "read", "entity": "case", "record_id": ids[title], "listed": listed, **who}
        return (await admin.post("/_admin/explain", asked)).expect(200).data

    someone = {"user": "sales@example.com"}
    hidden = await why("shut", "?filter[size]=2&sort=size", **someone)
    assert (hidden["verdict"], hidden["list"]["listed"]) == ("denied", False)
    assert holding(hidden["list"]["checks"]) == [("permission", False), ("deleted", True), ("filter[size]", True)]
    gone = await why("gone", quote("filter[status]=open", safe="=&"), **someone)
    assert holding(gone["list"]["checks"])[:2] == [("permission", True), ("deleted", False)]
    assert (await why("open", "", roles=["sales"]))["list"]["listed"] is True
    assert holding((await why("open", "", roles=["nobody"]))["list"]["checks"]) == [("permission", False)]
    asked = {"action": "read", "entity": "case", "roles": ["sales"]}
    refused = {**asked, "record_id": ids["open"], "listed": "filter[secret]=s"}
    assert (await admin.post("/_admin/explain", refused)).expect(400).code == "UNKNOWN_FIELD"
    mistakes: list[dict[str, Any]] = [
        {"listed": ""}, {"record_id": ids["open"], "listed": "", "action": "update"},
        {"record_id": ids["open"], "record_ids": [ids["open"]]}, {"record_ids": []}, {"record_ids": [NOBODY] * 101},
    ]  # fmt: skip
    for wrong in mistakes:
        (await admin.post("/_admin/explain", {**asked, **wrong})).expect(422)
    (await sales.post("/_admin/explain", refused)).expect(403)


async def test_many_records_are_explained_at_once(office: tuple[Client, Client, dict[str, str]]) -> None:
    admin, _, ids = office
    asked = {
        "action": "read", "entity": "case", "user": "sales@example.com", "field": "secret",
        "record_ids": [ids["open"], "nope", ids["shut"], ids["gone"], NOBODY],
    }  # fmt: skip
    found = (await admin.post("/_admin/explain", asked)).expect(200).data
    assert found["verdict"] == "denied" and [each["id"] for each in found["records"]] == asked["record_ids"]
    del asked["field"]
    found = (await admin.post("/_admin/explain", asked)).expect(200).data
    assert found["verdict"] == "depends" and found["roles"] == ["sales"]
    verdicts = [(each["verdict"], each.get("listed")) for each in found["records"]]
    assert verdicts == [
        ("allowed", True), ("missing", None), ("denied", False), ("allowed", False), ("missing", None)
    ]  # fmt: skip
    [policy] = [policy for policy in found["records"][2]["policies"] if policy["applies"]]
    assert [(each["stored"], each["holds"]) for each in policy["conditions"]] == [("shut", False)]
    single = {**asked, "record_id": ids["shut"]}
    del single["record_ids"]
    alone = (await admin.post("/_admin/explain", single)).expect(200).data
    assert alone["policies"] == found["records"][2]["policies"] and alone["reason"] == found["records"][2]["reason"]
