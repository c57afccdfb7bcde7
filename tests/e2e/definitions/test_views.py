"""Saved views of lists: whose they are, who sees and changes them, and what becomes of them."""

from __future__ import annotations

from typing import Any

from libs.shared.testing.polling import eventually
from tests.support.client import Client, entity, text

NOTE = entity("note", text("body"), text("status"))
STATE = {"filter": {"status.in": "open,urgent"}, "sort": "-status", "columns": ["body", "status"], "rate": 1.50}


def view(name: str, scope: str | None = None, **parts: Any) -> dict[str, Any]:
    return {"entity": "note", "name": name, "state": STATE, **({"scope": scope} if scope else {}), **parts}


def names(listed: list[dict[str, Any]]) -> list[str]:
    return [one["name"] for one in listed]


async def test_views_are_ones_own_or_shared_by_admins(admin: Client) -> None:
    await admin.define(NOTE)
    await admin.define(entity("secret", text("body")))
    await admin.grant("note", "read", "staff", "boss")
    ann, bob = await admin.user("ann@localhost", ["staff"]), await admin.user("bob@localhost", ["boss"])
    mine = (await ann.post("/_views", view("Mine"), Idempotency_Key="once")).expect(201)
    again = (await ann.post("/_views", view("Mine"), Idempotency_Key="once")).expect(201)
    assert again.data == mine.data and mine.headers["ETag"] == '"1"'
    assert set(mine.data) == {
        "id", "entity", "name", "scope", "state", "owner", "editable", "created_at", "updated_at",
    }  # fmt: skip
    assert (mine.data["scope"], mine.data["state"], mine.data["editable"]) == ("me", STATE, True)
    assert mine.data["owner"]["email"] == "ann@localhost"
    for path in ("bob", "admin"):
        other = bob if path == "bob" else admin
        (await other.get(f"/_views/{mine.data['id']}")).expect(404)
        (await other.put(f"/_views/{mine.data['id']}", view("Taken"))).expect(404)
        (await other.delete(f"/_views/{mine.data['id']}")).expect(404)
    for scope in ("all", "role:staff"):
        assert (await ann.post("/_views", view("Shared", scope))).expect(403).code == "FORBIDDEN"
    shared = (await admin.post("/_views", view("All", "all"))).expect(201).data
    staff = (await admin.post("/_views", view("Staff", "role:staff"))).expect(201).data
    (await admin.post("/_views", {**view("Secret", "all"), "entity": "secret"})).expect(201)
    assert names((await ann.get("/_views")).expect(200).data) == ["All", "Mine", "Staff"]
    assert names((await bob.get("/_views?entity=note")).expect(200).data) == ["All"]
    assert names((await admin.get("/_views")).expect(200).data) == ["All", "Staff", "Secret"]
    (await bob.get(f"/_views/{staff['id']}")).expect(404)
    assert (await bob.get(f"/_views/{shared['id']}")).expect(200).data["editable"] is False
    (await bob.delete(f"/_views/{shared['id']}")).expect(403)
    (await bob.request("PATCH", f"/_views/{shared['id']}", {"name": "Taken"})).expect(403)

    # The same name is taken in the same scope, and nowhere else.
    assert (await ann.post("/_views", view("Mine"))).expect(409).details[0]["field"] == "name"
    (await admin.post("/_views", view("All", "all"))).expect(409)
    (await bob.post("/_views", view("Mine"))).expect(201)
    (await admin.request("PATCH", f"/_views/{staff['id']}", {"name": "All", "scope": "all"})).expect(409)

    # Versions, and changes of a part.
    changed = await ann.request("PATCH", f"/_views/{mine.data['id']}", {"name": "My own"}, If_Match='"1"')
    assert (changed.expect(200).data["name"], changed.data["state"], changed.headers["ETag"]) == (
        "My own",
        STATE,
        '"2"',
    )
    (await ann.put(f"/_views/{mine.data['id']}", view("Late"), If_Match='"1"')).expect(412)
    replaced = (await ann.put(f"/_views/{mine.data['id']}", view("New", state={}))).expect(200).data
    assert (replaced["name"], replaced["state"]) == ("New", {})
    assert (await ann.delete(f"/_views/{mine.data['id']}")).expect(200).data == {"id": mine.data["id"], "deleted": True}

    # Shared views are audited, own ones are nobody's business.
    async def audited() -> Any:
        rows = (await admin.get("/_admin/audit-logs?entity=_views&action=create")).expect(200).data
        return {row["new_data"]["name"] for row in rows} == {"All", "Staff", "Secret"}

    await eventually(audited)


async def test_bad_views_are_refused(admin: Client) -> None:
    await admin.define(NOTE)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"name": "a", "state": {}}, "entity"), (view("a", entity="notes"), "entity"), (view(""), "name"),
        (view(" a"), "name"), (view("a", "role:"), "scope"), (view("a", "everybody"), "scope"),
        (view("a", state=[]), "state"), (view("a", state={"a": "x" * 16_400}), "state"),
        (view("a", state={"a": "\x00"}), "state"), ({**view("a"), "colums": []}, "colums"),
    ]  # fmt: skip
    for body, field in wrong:
        refused = (await admin.post("/_views", body)).expect(422)
        assert refused.details[0]["field"] == field, refused.body
    assert "note" in (await admin.post("/_views", view("a", entity="notes"))).details[0]["message"]
    (await admin.get("/_views?entitiy=note")).expect(400)
    (await admin.get("/_views/nothing")).expect(404)
    (await admin.with_token("").get("/_views")).expect(401)


async def test_views_follow_their_entity_and_end_with_it_and_with_their_owner(admin: Client, client: Client) -> None:
    await admin.define(NOTE)
    ann = await admin.user("ann@localhost", ["admin"])
    own = (await ann.post("/_views", view("Own"))).expect(201).data
    shared = (await ann.post("/_views", view("Shared", "all"))).expect(201).data
    renamed = entity("page", text("body"), {"name": "state", "type": "string", "renamed_from": "status"}, table="notes")
    planned = (await admin.put("/_admin/entities/note?dry_run=true", renamed)).expect(200)
    assert planned.data["changes"]
    assert (await ann.get(f"/_views/{own['id']}")).data["entity"] == "note"
    (await admin.put("/_admin/entities/note", renamed)).expect(200)
    for one in (own, shared):
        now = (await ann.get(f"/_views/{one['id']}")).expect(200).data
        assert now["entity"] == "page"
        assert now["state"] == {
            "filter": {"state.in": "open,urgent"}, "sort": "-state", "columns": ["body", "state"], "rate": 1.5,
        }  # fmt: skip

    # Shared views travel, the others stay.
    document = (await admin.get("/_admin/export")).expect(200).data
    assert [one["name"] for one in document["views"]] == ["Shared"]
    assert set(document["views"][0]) == {"entity", "name", "scope", "state"}
    other = await client.new_app()
    for added in (1, 0):
        assert (await other.post("/_admin/import", document)).expect(200).data["summary"]["views"] == added
    assert (await other.get("/_admin/export")).data["views"] == document["views"]
    wrong = {"version": 1, "views": [document["views"][0], view("x", "me")]}
    refused = (await other.post("/_admin/import", wrong)).expect(422)
    assert (refused.details[0]["path"], refused.details[0]["field"]) == ("views[1]", "scope")
    sent = {**document, "views": [{**document["views"][0], "state": {"sort": "body"}}]}
    plan = (await other.post("/_admin/schema/plan", sent)).expect(200).data["changes"]
    assert plan == [{"action": "update", "kind": "views", "name": "page/all/Shared"}]
    (await other.post("/_admin/schema/apply", {"version": 1, "views": [], "prune": True})).expect(200)
    assert (await other.get("/_views")).data == []

    # A deleted user's own views go, what they shared stays; with the entity all go.
    me = (await ann.get("/auth/me")).data["id"]
    (await admin.delete(f"/_admin/users/{me}")).expect(200)
    assert names((await admin.get("/_views")).data) == ["Shared"]
    mine = (await admin.post("/_views", {**view("Mine"), "entity": "page"})).expect(201).data
    (await admin.delete("/_admin/entities/page")).expect(200)
    (await admin.get(f"/_views/{mine['id']}")).expect(404)
    assert (await admin.get("/_views")).data == []
