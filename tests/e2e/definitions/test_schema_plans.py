"""Plans show what a change would do; `apply` makes the definitions those of a document."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.embedded.stack import Stack
from tests.support.app_database import indexes
from tests.support.client import Client, entity, integer, text
from tests.support.relations import reference

PAGE = entity("page", text("title"), text("code"), integer("size"))
LINE = entity("line", reference("page_id"))
LINES = {"name": "lines", "type": "one_to_many", "source": "page", "target": "line"}
READ = {"entity": "page", "action": "read", "roles": ["clerk"], "conditions": []}


def document(*entities: dict[str, Any], **parts: Any) -> dict[str, Any]:
    return {"version": 1, "entities": list(entities), **parts}


async def exported(client: Client) -> dict[str, Any]:
    data: dict[str, Any] = (await client.get("/_admin/export")).expect(200).data
    return {kind: rows for kind, rows in data.items() if isinstance(rows, list) and rows}


async def plan(client: Client, sent: dict[str, Any]) -> dict[str, Any]:
    before = await exported(client)
    data: dict[str, Any] = (await client.post("/_admin/schema/plan", sent)).expect(200).data
    assert await exported(client) == before
    return data


async def apply(client: Client, sent: dict[str, Any]) -> list[tuple[str, str]]:
    data = (await client.post("/_admin/schema/apply", sent)).expect(200).data
    return [(change["action"], change.get("name", change["kind"])) for change in data["changes"]]


async def test_a_plan_for_an_empty_app_lists_what_it_takes(admin: Client) -> None:
    data = await plan(admin, document(PAGE, LINE, relations=[LINES], permissions=[READ]))
    assert [(c["action"], c["kind"], c.get("name")) for c in data["changes"]] == [
        ("create", "entities", "page"), ("create", "entities", "line"), ("create", "relations", "lines"),
        ("create", "permissions", None),
    ]  # fmt: skip
    assert [s.split(" (")[0].split(" ON ")[0] for s in data["statements"]][:2] == [
        'CREATE TABLE records."pages"', 'CREATE TABLE records."lines"',
    ]  # fmt: skip
    assert any(statement.startswith("CREATE INDEX") for statement in data["statements"])
    assert (data["warnings"], data["violations"]) == ([], [])
    assert (await admin.get("/page")).expect(404).code == "UNKNOWN_ENTITY"


async def test_rows_that_stand_against_a_change_are_counted(stack: Stack, admin: Client) -> None:
    await admin.define(PAGE)
    for code, size in (("a", 1), ("a", None), ("b", 2), (None, None), (None, 3), ("b", 2)):
        (await admin.post("/page", {"code": code, "size": size})).expect(201)
    changed = entity(
        "page",
        text("title", indexed=True),
        {**text("short", unique=True, enum=["a"]), "renamed_from": "code"},
        {"name": "size", "type": "bigint", "required": True},
    )
    data = await plan(admin, document(changed))
    assert data["violations"] == [
        {"entity": "page", "field": "short", "rule": "unique", "rows": 4},
        {"entity": "page", "field": "short", "rule": "enum", "rows": 2},
        {"entity": "page", "field": "size", "rule": "required", "rows": 2},
    ]
    assert any("rewritten" in w or "written anew" in w for w in data["warnings"])
    assert any("page.title" in warning for warning in data["warnings"])
    assert 'ALTER TABLE records."pages" RENAME COLUMN "code" TO "short"' in data["statements"]
    assert await indexes(stack, admin, "pages") == []
    (await admin.post("/_admin/schema/apply", document(changed))).expect(409)
    (await admin.post("/page", {"code": "a"})).expect(201)


async def test_a_plan_refuses_what_the_change_would(admin: Client) -> None:
    await admin.define(PAGE)
    reply = await admin.post("/_admin/schema/plan", document(entity("page", integer("title"))))
    assert reply.expect(422).details[0]["path"] == "entities[0]"
    (await admin.post("/_admin/schema/plan", {"entities": []})).expect(422)
    (await admin.post("/_admin/schema/plan", document(prune="all"))).expect(422)


async def test_dry_runs_of_single_definitions(admin: Client) -> None:
    created = (await admin.post("/_admin/entities?dry_run=true", PAGE)).expect(200).data
    assert [statement.split(" (")[0] for statement in created["statements"]] == ['CREATE TABLE records."pages"']
    assert (await admin.get("/_admin/entities")).data == []
    await admin.define(PAGE)
    for _ in range(2):
        (await admin.post("/page", {"code": "a"})).expect(201)
    unique = entity("page", text("title"), text("code", unique=True), integer("size"))
    replaced = (await admin.put("/_admin/entities/page?dry_run=true", unique)).expect(200).data
    assert replaced["violations"] == [{"entity": "page", "field": "code", "rule": "unique", "rows": 2}]
    (await admin.put("/_admin/entities/page?dry_run=maybe", unique)).expect(422)
    deleted = (await admin.delete("/_admin/entities/page?dry_run=true")).expect(200).data
    assert deleted["changes"] == [{"action": "delete", "kind": "entities", "name": "page"}]
    assert (await admin.get("/_admin/entities/page")).data["definition"] == PAGE


async def test_a_left_out_field_is_told(admin: Client) -> None:
    await admin.define(PAGE)
    data = await plan(admin, document(entity("page", text("title"), integer("size"))))
    assert data["warnings"] == ["page.code is left out: its data stays, out of sight"]
    assert data["statements"] == []


async def test_what_is_applied_is_what_the_document_says(admin: Client) -> None:
    sent = document(PAGE, LINE, relations=[LINES], permissions=[READ])
    assert len(await apply(admin, sent)) == 4
    assert await apply(admin, sent) == []
    record = (await admin.post("/page", {"title": "a"})).expect(201).data
    changed = entity("page", {**text("name"), "renamed_from": "title"}, text("code"), integer("size"))
    wider = {**READ, "roles": ["clerk", "guest"]}
    again = document(changed, LINE, relations=[{**LINES, "on_delete": "cascade"}], permissions=[wider])
    assert await apply(admin, again) == [("update", "page"), ("update", "lines"), ("update", "permissions")]
    assert await apply(admin, again) == []
    assert (await admin.get(f"/page/{record['id']}")).data["name"] == "a"
    assert (await exported(admin))["permissions"][0]["roles"] == ["clerk", "guest"]


async def test_what_is_not_named_stays_unless_pruned(admin: Client) -> None:
    await apply(admin, document(PAGE, LINE, relations=[LINES], permissions=[READ]))
    assert await apply(admin, document(PAGE)) == []
    bare = entity("line", text("words"))
    assert (await admin.post("/_admin/schema/apply", document(PAGE, bare))).expect(422).details[0][
        "relation"
    ] == "lines"
    changes = await apply(admin, document(PAGE, bare, relations=[], permissions=[], prune=True))
    assert changes == [("delete", "lines"), ("delete", "permissions"), ("update", "line")]
    assert await apply(admin, document(PAGE, prune=True)) == [("delete", "line")]
    assert await exported(admin) == {"entities": [PAGE]}


async def test_pruning_takes_nothing_away_in_sections_that_are_not_there(admin: Client) -> None:
    await apply(admin, document(PAGE, LINE, relations=[LINES], permissions=[READ]))
    before = await exported(admin)
    assert await apply(admin, {"version": 1, "prune": True}) == []
    assert await apply(admin, document(PAGE, LINE, prune=True)) == []
    assert await apply(admin, {"version": 1, "permissions": None, "prune": True}) == []
    assert await exported(admin) == before
    assert await apply(admin, {"version": 1, "permissions": [], "prune": True}) == [("delete", "permissions")]


async def test_an_import_prunes_nothing_and_says_so(admin: Client) -> None:
    refused = (await admin.post("/_admin/import", document(PAGE, prune=True))).expect(422)
    assert [detail["field"] for detail in refused.details] == ["prune"]
    assert await exported(admin) == {}


@pytest.mark.parametrize("route", ["schema/plan", "schema/apply", "import"])
async def test_a_section_that_is_unknown_is_refused_and_nothing_goes(admin: Client, route: str) -> None:
    await apply(admin, document(PAGE))
    for sent in ({"version": 1, "entites": [], "prune": True}, {"data": {"version": 1, "entites": [PAGE]}}):
        refused = (await admin.post(f"/_admin/{route}", sent)).expect(422)
        assert [detail["field"] for detail in refused.details] == ["entites"]
        assert "do you mean `entities`?" in refused.details[0]["message"]
    assert await exported(admin) == {"entities": [PAGE]}


async def test_one_app_is_made_like_another(admin: Client) -> None:
    await apply(admin, document(PAGE, LINE, relations=[LINES], permissions=[READ]))
    other = await admin.new_app()
    await other.define(entity("page", text("title")))
    await other.define(entity("stray", text("x")))
    model = (await admin.get("/_admin/export")).data
    await apply(other, {**model, "prune": True})
    assert await exported(other) == await exported(admin)


@pytest.mark.parametrize("path", ["/_admin/schema/plan", "/_admin/schema/apply"])
async def test_only_admins_plan(admin: Client, path: str) -> None:
    clerk = await admin.user("clerk@example.com", ["clerk"])
    (await clerk.post(path, document(PAGE))).expect(403)
