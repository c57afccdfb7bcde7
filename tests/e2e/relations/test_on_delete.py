"""`on_delete`: cascade, set_null, restrict, detach; references and restores."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.client import Client, entity, text
from tests.support.relations import make, reference, relation

NOBODY = "00000000-0000-4000-8000-000000000000"


async def family(admin: Client, on_delete: str, soft_child: bool = False, soft_parent: bool = False) -> tuple[Any, Any]:
    """A parent with one child, related as told."""
    await admin.define(entity("parent", text("name"), soft_delete=soft_parent))
    await admin.define(entity("child", text("name"), reference("parent_id"), soft_delete=soft_child))
    children = relation("children", "one_to_many", "parent", "child", target_key="parent_id", on_delete=on_delete)
    await admin.define(children, "relations")
    parent = (await admin.post("/parent", {"name": "p", "children": {"data": [{"name": "c"}]}})).expect(201).data
    [child] = (await admin.get("/child")).data
    return parent, child


@pytest.mark.parametrize("soft_child", [False, True])
@pytest.mark.parametrize("soft_parent", [False, True])
async def test_cascade(admin: Client, soft_child: bool, soft_parent: bool) -> None:
    parent, child = await family(admin, "cascade", soft_child, soft_parent)
    reply = (await admin.delete(f"/parent/{parent['id']}")).expect(200)
    assert reply.data == {"id": parent["id"]}
    (await admin.get(f"/child/{child['id']}")).expect(404)
    (await admin.post(f"/child/{child['id']}/restore")).expect(409 if soft_child else 404)
    entries = [
        (await admin.get(f"/{name}/{id_}/history")).data[0]
        for name, id_ in (("parent", parent["id"]), ("child", child["id"]))
    ]
    assert {entry["action"] for entry in entries} == {"delete"}
    assert len({entry["commit_id"] for entry in entries}) == 1


async def test_set_null(admin: Client) -> None:
    parent, child = await family(admin, "set_null")
    (await admin.delete(f"/parent/{parent['id']}")).expect(200)
    assert (await admin.get(f"/child/{child['id']}")).data == {**child, "parent_id": None}
    assert (await admin.get(f"/child/{child['id']}/history")).data[0]["changed"] == {
        "parent_id": {"old": parent["id"], "new": None}
    }


async def test_restrict(admin: Client) -> None:
    parent, child = await family(admin, "restrict", soft_child=True)
    assert (await admin.delete(f"/parent/{parent['id']}")).expect(409).code == "CONFLICT"
    assert (await admin.get(f"/parent/{parent['id']}")).data == parent
    (await admin.delete(f"/child/{child['id']}")).expect(200)
    (await admin.delete(f"/parent/{parent['id']}")).expect(200)


async def test_a_restriction_rolls_cascades_back(admin: Client) -> None:
    parent, child = await family(admin, "cascade")
    await admin.define(entity("toy", text("name"), reference("child_id")))
    await admin.relate("toys", "one_to_many", "child", "toy", target_key="child_id", on_delete="restrict")
    (await admin.post("/toy", {"name": "t", "child_id": child["id"]})).expect(201)
    (await admin.delete(f"/parent/{parent['id']}")).expect(409)
    assert (await admin.get(f"/child/{child['id']}")).data == child
    assert len((await admin.get(f"/child/{child['id']}/history")).data) == 1


async def test_detach_keeps_targets(admin: Client) -> None:
    await admin.define(entity("post", text("title")))
    await admin.define(entity("tag", text("name")))
    relation = {"name": "tags", "type": "many_to_many", "source": "post", "target": "tag", "join_table": "post_tags"}
    await admin.define({**relation, "on_delete": "detach"}, "relations")
    tag = (await admin.post("/tag", {"name": "t"})).data
    posts = [(await admin.post("/post", {"title": t, "tags": {"data": [{"id": tag["id"]}]}})).data for t in "ab"]
    (await admin.delete(f"/post/{posts[0]['id']}")).expect(200)
    assert (await admin.get(f"/tag/{tag['id']}?include=post")).data["post"] == [posts[1]]
    (await admin.delete(f"/tag/{tag['id']}")).expect(200)
    assert (await admin.get(f"/post/{posts[1]['id']}?include=tags")).data["tags"] == []


async def test_deleting_a_target_does_not_change_the_source(admin: Client) -> None:
    parent, child = await family(admin, "cascade")
    (await admin.delete(f"/child/{child['id']}")).expect(200)
    assert (await admin.get(f"/parent/{parent['id']}")).data == parent


async def test_cascades_in_a_circle_end(admin: Client) -> None:
    await admin.define(entity("node", text("name"), reference("above_id")))
    await admin.relate("below", "one_to_many", "node", "node", target_key="above_id", on_delete="cascade")
    top = (await admin.post("/node", {"name": "top", "below": {"data": [{"name": "under"}]}})).data
    [under] = (await admin.get("/node?filter[name]=under")).data
    (await admin.put(f"/node/{top['id']}", {"above_id": under["id"]})).expect(200)
    (await admin.delete(f"/node/{top['id']}")).expect(200)
    assert (await admin.get("/node")).meta["total"] == 0


async def test_references_must_exist(admin: Client) -> None:
    parent, child = await family(admin, "restrict", soft_parent=True)
    for reply in (
        await admin.post("/child", {"name": "x", "parent_id": NOBODY}),
        await admin.put(f"/child/{child['id']}", {"parent_id": NOBODY}),
    ):
        assert reply.expect(422).details[0]["field"] == "parent_id"
        assert reply.details[0]["rule"] == "reference"
    (await admin.put(f"/child/{child['id']}", {"parent_id": None})).expect(200)
    (await admin.delete(f"/parent/{parent['id']}")).expect(200)
    (await admin.put(f"/child/{child['id']}", {"parent_id": parent["id"]})).expect(422)
    (await admin.post(f"/parent/{parent['id']}/restore")).expect(200)
    (await admin.put(f"/child/{child['id']}", {"parent_id": parent["id"]})).expect(200)


async def test_restore_brings_back_the_record_as_it_was(admin: Client) -> None:
    await admin.define(entity("note", text("body", unique=True), soft_delete=True))
    note = (await admin.post("/note", {"body": "x"})).data
    (await admin.post(f"/note/{note['id']}/restore")).expect(404)
    (await admin.delete(f"/note/{note['id']}")).expect(200)
    (await admin.post("/note", {"body": "x"})).expect(409)
    stale = (await admin.post(f"/note/{note['id']}/restore", If_Match='"1"')).expect(412)
    assert (stale.code, stale.headers["ETag"]) == ("PRECONDITION_FAILED", '"2"')
    reply = (await admin.post(f"/note/{note['id']}/restore", If_Match='"2"')).expect(200)
    assert reply.data == note
    assert reply.headers["ETag"] == '"3"'
    history = (await admin.get(f"/note/{note['id']}/history")).data
    assert [entry["action"] for entry in history] == ["restore", "delete", "create"]
    reader = await admin.user("r@example.com", ["reader"])
    await admin.grant("note", "update", "reader")
    (await admin.delete(f"/note/{note['id']}")).expect(200)
    (await reader.post(f"/note/{note['id']}/restore")).expect(403)


async def test_referenced_values_cannot_be_changed(admin: Client) -> None:
    """The caller, the source of a slug, a rule, a state machine of its own or of another record, a nested write."""
    slug = {"field": "slug", "source": "title", "regenerate_on_update": True}
    fields = (text("title"), text("slug", unique=True), text("code", unique=True), text("state"), reference("desk_id"))
    await admin.define(entity("page", *fields, slug=slug))
    await admin.define(entity("remark", text("page_slug"), text("page_code")))
    await admin.define(entity("desk", text("name"), text("state")))
    for definition in (
        relation("by_slug", "one_to_many", "page", "remark", source_key="slug", target_key="page_slug"),
        relation("by_code", "one_to_many", "page", "remark", source_key="code", target_key="page_code"),
        relation("pages", "one_to_many", "desk", "page", target_key="desk_id"),
    ):
        await admin.define(definition, "relations")
    upper = {"field": "code", "expression": "record.state == 'loud' ? upper(record.code) : record.code"}
    rule = {"entity": "page", "hook": "before_write", "type": "computed", "definition": upper}
    await admin.define(rule, "rules")
    desk = await make(admin, "desk", name="d", state="open")
    page = await make(admin, "page", title="One", code="a", state="quiet", desk_id=desk["id"])
    remark = await make(admin, "remark", page_slug="one", page_code="a")
    for entity_name, start, actions in (
        ("page", "quiet", [{"type": "set_field", "field": "code", "value": "b"}]),
        (
            "desk",
            "open",
            [{"type": "update_record", "entity": "page", "record_id": page["id"], "fields": {"code": "b"}}],
        ),
    ):
        ways = [{"from": start, "to": "shut", "actions": actions}, {"from": start, "to": "loud"}]
        states = {"initial": start, "transitions": ways}
        machine = {"entity": entity_name, "field": "state", "definition": states}
        await admin.define(machine, "state-machines")
    path, code, slugs = f"/page/{page['id']}", "code can't change while remark refer to it", "slug can't change while"
    nested = {"pages": {"data": [{"id": page["id"], "code": "b"}]}}
    for at, body, message in (
        (path, {"code": "b"}, code), (path, {"title": "Two"}, slugs), (path, {"state": "loud"}, code),
        (path, {"state": "shut"}, code), (f"/desk/{desk['id']}", {"state": "shut"}, code),
        (f"/desk/{desk['id']}", nested, code), (path, {"code": None}, code),
    ):  # fmt: skip
        refused = (await admin.put(at, body)).expect(409)
        assert refused.body["error"]["message"].startswith(message), body
    (await admin.put("/page/_bulk", [{"id": page["id"], "code": "b"}])).expect(409)
    assert (await admin.get(path)).data == page
    # What stays the same is no change, and what nobody refers to any more may be changed.
    (await admin.put(path, {"code": "a", "title": "one"})).expect(200)
    (await admin.delete(f"/remark/{remark['id']}")).expect(200)
    (await admin.put(path, {"code": "b", "title": "Two"})).expect(200)
