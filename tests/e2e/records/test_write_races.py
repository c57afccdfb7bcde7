"""Races between the statements of two requests."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from deploy.embedded.stack import Stack
from tests.support.app_database import app_row, executed
from tests.support.client import Client, entity, text
from tests.support.gates import gate
from tests.support.locks import holding
from tests.support.relations import make, reference, relation

UNANNOUNCED = "UPDATE metadata.schema_version SET version = version + 1"
"""Definitions have changed, and no data service has been told."""


async def define_family(admin: Client, on_delete: str = "cascade", **settings: Any) -> None:
    await admin.define(entity("parent", text("name"), **settings))
    await admin.define(entity("child", text("name"), reference("parent_id"), **settings))
    children = relation("children", "one_to_many", "parent", "child", target_key="parent_id", on_delete=on_delete)
    await admin.define(children, "relations")


async def test_a_deletion_follows_relations_defined_meanwhile(stack: Stack, admin: Client) -> None:
    await define_family(admin)
    parents = [(await make(admin, "parent", name="p"))["id"] for _ in range(5)]
    child = await make(admin, "child", name="c", parent_id=parents[4])
    await executed(stack, admin, UNANNOUNCED)
    gone = (await admin.delete(f"/parent/{parents[0]}")).expect(200)
    assert int(gone.headers["X-Commit"])
    (await admin.get(f"/parent/{parents[0]}")).expect(404)
    await executed(stack, admin, UNANNOUNCED)
    (await admin.request("DELETE", "/parent/_bulk", parents[1:3])).expect(200)
    assert {row["id"] for row in (await admin.get("/parent")).data} == set(parents[3:])
    await executed(stack, admin, UNANNOUNCED)
    nothing = {"children": {"_write_mode": "replace", "data": []}}
    (await admin.put(f"/parent/{parents[4]}", nothing)).expect(200)
    (await admin.get(f"/child/{child['id']}")).expect(404)


@pytest.mark.parametrize("on_delete", ["cascade", "restrict"])
async def test_no_child_is_added_to_a_record_being_deleted(stack: Stack, admin: Client, on_delete: str) -> None:
    await define_family(admin, on_delete, soft_delete=True)
    parent = await make(admin, "parent", name="p")
    child = await make(admin, "child", name="c", parent_id=parent["id"])
    (await admin.delete(f"/child/{child['id']}")).expect(200)
    # Deleting is an UPDATE here; it has locked the parent, and found no child that is there.
    async with gate(stack, admin, "BEFORE UPDATE ON records.parents") as held_up:
        deleting = asyncio.create_task(admin.delete(f"/parent/{parent['id']}"))
        await held_up()
        restoring = asyncio.create_task(admin.post(f"/child/{child['id']}/restore"))
        await held_up(2, restoring)
    assert ((await deleting).status, (await restoring).status) == (200, 409)
    assert (await admin.get("/child")).data == []


async def test_a_reference_to_a_key_being_changed_is_refused(stack: Stack, admin: Client) -> None:
    await admin.define(entity("shop", text("name"), text("code", unique=True)))
    await admin.define(entity("sale", text("shop_code")))
    sales = relation("sales", "one_to_many", "shop", "sale", source_key="code", target_key="shop_code")
    await admin.define(sales, "relations")
    shop, other = [await make(admin, "shop", name="s", code=code) for code in ("a", "b")]
    # Also where it is one of many.
    many = [{"id": shop["id"], "name": "t"}, {"id": other["id"], "code": "d"}]
    for path, body, code in ((f"/shop/{shop['id']}", {"code": "c"}, "a"), ("/shop/_bulk", many, "b")):
        async with gate(stack, admin, "BEFORE UPDATE ON records.shops") as held_up:
            renaming = asyncio.create_task(admin.put(path, body))
            await held_up()
            selling = asyncio.create_task(admin.post("/sale", {"shop_code": code}))
            await held_up(2, selling)
        assert ((await renaming).status, (await selling).status) == (200, 422)


PROJECT = {
    "entity": "project", "hook": "before_write", "type": "expression",
    "definition": {"expression": "record.state == 'closed' && len(related.tasks) > 0", "message": "has tasks",
                   "related_load": [{"relation": "tasks", "filter": {}}]},
}  # fmt: skip
TASK = {
    "entity": "task", "hook": "before_write", "type": "expression",
    "definition": {"expression": "len(related.project) > 0 && related.project[0].state == 'closed'",
                   "message": "closed", "related_load": [{"relation": "project", "filter": {}}]},
}  # fmt: skip


async def test_records_loaded_by_rules_are_locked_until_commit(stack: Stack, admin: Client) -> None:
    await admin.define(entity("project", text("state")))
    await admin.define(entity("task", text("name"), reference("project_id")))
    await admin.relate("tasks", "one_to_many", "project", "task",
                                                    target_key="project_id")  # fmt: skip
    for rule in (PROJECT, TASK):
        await admin.define(rule, "rules")
    project = await make(admin, "project", state="open")
    body = {"name": "t", "project_id": project["id"]}
    async with gate(stack, admin, "BEFORE INSERT ON records.tasks") as held_up:
        adding = asyncio.create_task(admin.post("/task", body))
        await held_up()
        closing = asyncio.create_task(admin.put(f"/project/{project['id']}", {"state": "closed"}))
        await held_up(2, closing)
    assert ((await adding).status, (await closing).status) == (201, 422)
    # A shared lock, as rules take, does not block other readers.
    replies = await asyncio.gather(*(admin.post("/task", body) for _ in range(8)))
    assert [reply.status for reply in replies] == [201] * 8


async def test_rules_that_load_each_others_records_do_not_deadlock(stack: Stack, admin: Client) -> None:
    """Each write holds its own record and waits for the other's: who has to give way tries again."""
    await define_family(admin)
    for name, related in (("parent", "children"), ("child", "parent")):
        expression = {
            "expression": f"len(related.{related}) > 1",
            "related_load": [{"relation": related, "filter": {}}],
        }
        rule = {"entity": name, "hook": "before_write", "type": "expression", "definition": expression}
        await admin.define(rule, "rules")
    parent = await make(admin, "parent", name="p")
    child = await make(admin, "child", name="c", parent_id=parent["id"])
    database = (await app_row(stack, admin))["database"]
    async with holding(stack, database, "SELECT FROM records.parents, records.childs FOR UPDATE") as held_up:
        paths = (f"/parent/{parent['id']}", f"/child/{child['id']}")
        writes = [asyncio.create_task(admin.put(path, {"name": "x"})) for path in paths]
        await held_up(2)
    assert [(await write).status for write in writes] == [200, 200]


async def test_an_update_racing_a_deletion_is_404_not_403(stack: Stack, admin: Client) -> None:
    """A record that was in the trash for one statement and is back for the next is no matter of permission."""
    await admin.define(entity("note", text("title"), soft_delete=True))
    path = f"/note/{(await make(admin, 'note', title='a'))['id']}"
    statuses: set[int] = set()
    done = asyncio.Event()

    async def change(caller: Client) -> None:
        while not done.is_set():
            statuses.add((await caller.put(path, {"title": "b"})).status)

    async def delete_and_restore() -> None:
        for _ in range(60):
            (await admin.delete(path)).expect(200)
            (await admin.post(f"{path}/restore")).expect(200)
        done.set()

    await asyncio.gather(delete_and_restore(), *(change(admin.at(url)) for url in stack.gateway_urls * 3))
    assert statuses == {200, 404}


LOOSER = """
UPDATE metadata.definitions SET document = (document::jsonb || '{"require_if_match": false}')::json WHERE key = 'note';
UPDATE metadata.definitions SET document = (document::jsonb || '{"on_delete": "set_null"}')::json WHERE key = 'children'
"""


async def test_a_write_is_not_refused_by_outdated_definitions(stack: Stack, admin: Client) -> None:
    await admin.define(entity("note", text("title"), require_if_match=True))
    await define_family(admin, "restrict")
    path = f"/note/{(await make(admin, 'note', title='a'))['id']}"
    parent = await make(admin, "parent", name="p")
    await make(admin, "child", name="c", parent_id=parent["id"])
    (await admin.put(path, {"title": "b"})).expect(428)
    (await admin.delete(f"/parent/{parent['id']}")).expect(409)
    await executed(stack, admin, f"{LOOSER}; {UNANNOUNCED}")
    replies = [await admin.put(path, {"title": "b"}), await admin.delete(f"/parent/{parent['id']}")]
    assert [reply.status for reply in replies] == [200, 200]
