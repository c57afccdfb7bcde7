"""UI configurations: admins write them, every user reads them; they are exported and follow renames."""

from __future__ import annotations

from typing import Any

from tests.support.client import Client, entity, text

NOTE = entity("note", text("body"))


async def test_admins_write_and_users_read(admin: Client) -> None:
    await admin.define(NOTE)
    row = (await admin.post("/_admin/ui-configs", {"entity": "note", "config": {"icon": "n", "n": 1.5}})).expect(201)
    assert set(row.data) >= {"id", "entity", "scope", "config"} and row.data["scope"] == "default"
    app = await admin.define({"entity": "_app"}, "ui-configs")
    assert app["config"] == {}
    await admin.define({"entity": "note", "scope": "mobile", "config": {}}, "ui-configs")
    there: list[dict[str, str]] = [{"entity": "note"}, {"entity": "_app", "scope": "default"}]
    for body in there:
        taken = (await admin.post("/_admin/ui-configs", body)).expect(409)
        assert {detail["field"] for detail in taken.details} == {"entity", "scope"}
    unfit: list[dict[str, Any]] = [
        {}, {"entity": "nothing"}, {"entity": "_other"}, {"entity": "note", "scope": ""},
        {"entity": "note", "scope": "x", "config": []},
    ]  # fmt: skip
    for wrong in unfit:
        (await admin.post("/_admin/ui-configs", wrong)).expect(422)
    user = await admin.user("ann@localhost", [])
    shown = (await user.get("/_ui/configs")).expect(200).data
    assert {one["entity"] for one in shown} == {"note", "_app"}
    assert set(shown[0]) == {"id", "entity", "scope", "config", "created_at", "updated_at"}
    assert (await user.get("/_ui/config/note")).expect(200).data["config"] == {"icon": "n", "n": 1.5}
    assert (await user.get("/_ui/config/nothing")).expect(200).data is None
    (await user.get("/_admin/ui-configs")).expect(403)
    (await admin.with_token("").get("/_ui/configs")).expect(401)
    assert (await admin.delete(f"/_admin/ui-configs/{app['id']}")).expect(200).data == {
        "id": app["id"],
        "deleted": True,
    }


async def test_configs_follow_their_entity(admin: Client) -> None:
    await admin.define(NOTE)
    await admin.define({"entity": "note", "config": {"a": 1}}, "ui-configs")
    (await admin.put("/_admin/entities/note", {**NOTE, "name": "page"})).expect(200)
    assert (await admin.get("/_ui/config/page")).data["config"] == {"a": 1}
    (await admin.post("/_admin/ui-configs", {"entity": "page"})).expect(409)
    (await admin.delete("/_admin/entities/page")).expect(200)
    assert (await admin.get("/_ui/configs")).data == []


async def test_export_and_import_carry_them(admin: Client, client: Client) -> None:
    await admin.define(NOTE)
    config = {"entity": "note", "scope": "default", "config": {"a": [1, 2.50]}}
    role = {"name": "boss", "label": "Boss", "description": None}
    await admin.define(config, "ui-configs")
    (await admin.post("/_admin/roles", role)).expect(201)
    document = (await admin.get("/_admin/export")).data
    assert (document["ui_configs"], document["roles"]) == ([config], [role])
    other = await client.new_app()
    del document["version"]
    added = (await other.post("/_admin/import", document)).expect(200).data
    assert (added["summary"]["ui_configs"], added["summary"]["roles"], bool(added["message"])) == (1, 1, True)
    again = (await other.post("/_admin/import", document)).expect(200).data
    assert (again["summary"]["ui_configs"], again["summary"]["roles"]) == (0, 0)
    copy = (await other.get("/_admin/export")).data
    assert (copy["ui_configs"], copy["roles"], copy["entities"]) == ([config], [role], document["entities"])
    (await other.post("/_admin/import", {"version": 2})).expect(422)
    (await other.post("/_admin/import", {})).expect(200)


async def test_roles_are_a_register_only(admin: Client) -> None:
    await admin.define(NOTE)
    made = (await admin.post("/_admin/roles", {"name": "boss"})).expect(201).data
    (await admin.post("/_admin/roles", {"name": "boss"})).expect(409)
    for body in ({}, {"name": ""}, {"name": " a"}, {"name": "a", "label": 5}, {"name": "a", "lable": "A"}):
        (await admin.post("/_admin/roles", body)).expect(422)
    (await admin.put(f"/_admin/roles/{made['id']}", {"name": "boss", "label": "Boss"})).expect(200)
    await admin.grant("note", "read", "unheard")
    reader = await admin.user("ann@localhost", ["unheard"])
    (await reader.get("/note")).expect(200)


async def test_events_are_paged_counted_and_narrowed(admin: Client) -> None:
    for action in ("one", "two", "two"):
        (await admin.post("/_events", {"action": action, "entity": "note"})).expect(201)
    page = (await admin.get("/_events?event_type=business&per_page=2")).expect(200)
    assert page.body["pagination"] == page.meta == {"page": 1, "per_page": 2, "total": 3}
    stats = (await admin.get("/_events/stats?event_type=business&action=two&group_by=action")).expect(200).data
    summary = stats["summary"]
    assert (summary["total_events"], stats["total_events"]) == (2, 2)
    assert (stats["avg_latency_ms"], stats["p95_latency_ms"], stats["error_rate"]) == (
        summary["avg_duration_ms"], summary["p95_duration_ms"], summary["error_rate"],
    )  # fmt: skip
    assert [(row["action"], row["count"], row["error_count"]) for row in stats["by_action"]] == [("two", 2, 0)]
    assert all("p95_duration_ms" in row for row in stats["by_source"])
    points = (await admin.get("/_events/stats?event_type=business&interval=1h")).expect(200).data["series"]
    assert 24 <= len(points) <= 26 and sum(point["count"] for point in points) == 3
    assert points[0] == {"at": points[0]["at"], "count": 0, "errors": 0, "p50": None, "p95": None}
    (await admin.get("/_events/stats?interval=1s")).expect(400)
    none = (await admin.get("/_events/stats?source=nowhere")).expect(200).data
    assert none["by_source"] == [] and none["total_events"] == 0
