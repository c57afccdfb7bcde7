"""Acyclic relations (`acyclic: true`): no record becomes its own ancestor on any path."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.client import Client, Reply, entity, text
from tests.support.gates import gate
from tests.support.relations import make, reference, relation

NODE = entity("node", text("title"), reference("parent_id"), soft_delete=True)
CODED = entity("part", text("code", unique=True), text("within"))
KIDS = relation("kids", "one_to_many", "node", "node", target_key="parent_id", on_delete="cascade", acyclic=True)
NUMBERED = entity("box", reference("parent_id"), primary_key={"field": "id", "type": "uuid", "generated": False})


@pytest.fixture
async def tree(admin: Client) -> Client:
    await admin.define(NODE)
    await admin.define(KIDS, "relations")
    return admin


async def chain(client: Client, *titles: str) -> list[str]:
    """Ids of records, each below the one before."""
    ids: list[str] = []
    for title in titles:
        ids.append((await make(client, "node", title=title, parent_id=ids[-1] if ids else None))["id"])
    return ids


def refused(reply: Reply, **detail: Any) -> None:
    found = reply.expect(422).details[0]
    expected = {"field": "parent_id", "rule": "acyclic", **detail}
    assert (reply.code, {key: found.get(key) for key in expected}) == ("VALIDATION_FAILED", expected)


async def parents(client: Client) -> dict[str, Any]:
    rows = (await client.get("/node?per_page=100")).expect(200).data
    titles = {row["id"]: row["title"] for row in rows}
    return {row["title"]: titles.get(row["parent_id"]) for row in rows}


@pytest.mark.parametrize("verb", ["PUT", "PATCH"])
async def test_a_record_is_not_put_below_itself_or_its_descendants(tree: Client, verb: str) -> None:
    a, b, c = await chain(tree, "a", "b", "c")
    for above in (a, b, c):
        refused(await tree.request(verb, f"/node/{a}", {"parent_id": above}))
    assert await parents(tree) == {"a": None, "b": "a", "c": "b"}
    (await tree.request(verb, f"/node/{c}", {"parent_id": a})).expect(200)
    (await tree.request(verb, f"/node/{b}", {"parent_id": c})).expect(200)
    assert await parents(tree) == {"a": None, "b": "c", "c": "a"}


async def test_a_new_record_does_not_refer_to_itself(admin: Client) -> None:
    await admin.define(NUMBERED)
    await admin.define(CODED)
    own = relation("boxes", "one_to_many", "box", "box", target_key="parent_id", acyclic=True)
    await admin.define(own, "relations")
    parts = relation("parts", "one_to_many", "part", "part", source_key="code", target_key="within", acyclic=True)
    await admin.define(parts, "relations")
    one, other = "0197e000-0000-7000-8000-000000000001", "0197e000-0000-7000-8000-000000000002"
    refused(await admin.post("/box", {"id": one, "parent_id": one}))
    refused(await admin.post("/part", {"code": "a", "within": "a"}), field="within")
    circle = [{"id": one, "parent_id": other}, {"id": other, "parent_id": one}]
    reply = await admin.post("/box/_bulk", circle)
    refused(reply, index=0)
    assert [detail["index"] for detail in reply.details] == [0, 1]
    (await admin.post("/box/_bulk", [{"id": one}, {"id": other, "parent_id": one}])).expect(201)
    codes = [{"code": "a", "within": "b"}, {"code": "b", "within": "c"}, {"code": "c", "within": "a"}]
    refused(await admin.post("/part/_bulk", codes), field="within", index=0)
    assert (await admin.get("/part")).data == []


async def test_bulk_names_the_rows_that_close_a_cycle(tree: Client) -> None:
    a, b, c = await chain(tree, "a", "b", "c")
    rows = [{"id": c, "title": "C"}, {"id": a, "parent_id": c}]
    for query in ("", "?dry_run=true"):
        reply = await tree.request("PUT", f"/node/_bulk{query}", rows)
        refused(reply, index=1)
        assert len(reply.details) == 1
    turned = [{"id": a, "parent_id": b}, {"id": b, "parent_id": c}, {"id": c, "parent_id": None}]
    (await tree.request("PUT", "/node/_bulk", turned)).expect(200)
    assert await parents(tree) == {"a": "b", "b": "c", "c": None}


async def test_nested_writes_close_no_cycle(tree: Client) -> None:
    a, b = await chain(tree, "a", "b")
    reply = await tree.put(f"/node/{b}", {"parent_id": None, "kids": {"data": [{"title": "x"}]}})
    reply.expect(200)
    (await tree.put(f"/node/{b}", {"parent_id": a})).expect(200)
    refused(await tree.put(f"/node/{a}", {"parent_id": b, "kids": {"data": [{"title": "y"}]}}))
    assert await parents(tree) == {"a": None, "b": "a", "x": "b"}


@pytest.mark.parametrize("on_delete", ["detach", "set_null"])
async def test_a_restore_closes_no_cycle(admin: Client, on_delete: str) -> None:
    await admin.define(NODE)
    await admin.define({**KIDS, "on_delete": on_delete}, "relations")
    a, b, c = await chain(admin, "a", "b", "c")
    (await admin.delete(f"/node/{b}")).expect(200)
    (await admin.put(f"/node/{a}", {"parent_id": c})).expect(200)
    left = (await admin.get(f"/node/{c}")).data["parent_id"]
    restored = await admin.post(f"/node/{b}/restore")
    if left == b:
        refused(restored, entity="node", record_id=b)
    else:
        restored.expect(200)
        assert await parents(admin) == {"a": "c", "b": "a", "c": None}


async def test_an_undo_closes_no_cycle(tree: Client) -> None:
    a, b = await chain(tree, "a", "b")
    loosened = (await tree.put(f"/node/{b}", {"parent_id": None})).expect(200)
    (await tree.put(f"/node/{a}", {"parent_id": b})).expect(200)
    refused(await tree.post(f"/_commits/{loosened.headers['X-Commit']}/undo"), entity="node", record_id=b)
    assert await parents(tree) == {"a": "b", "b": None}


async def test_concurrent_halves_of_a_cycle_are_refused(stack: Stack, tree: Client) -> None:
    a, b = (await chain(tree, "a"))[0], (await chain(tree, "b"))[0]
    async with gate(stack, tree, "BEFORE UPDATE ON records.nodes") as held_up:
        one = asyncio.create_task(tree.put(f"/node/{a}", {"parent_id": b}))
        other = asyncio.create_task(tree.put(f"/node/{b}", {"parent_id": a}))
        await held_up(2, one, other)
    assert sorted([(await one).status, (await other).status]) == [200, 422]
    assert None in (await parents(tree)).values()


async def test_concurrent_moves_leave_a_tree(tree: Client) -> None:
    ids = [(await make(tree, "node", title=f"n{n}"))["id"] for n in range(8)]
    moves = [(one, other) for one in ids for other in ids if one != other]
    replies = await asyncio.gather(*(tree.put(f"/node/{one}", {"parent_id": other}) for one, other in moves))
    assert {reply.status for reply in replies} == {200, 422}
    above = await parents(tree)
    for title in above:
        seen, at = set[str](), title
        while at is not None:
            assert at not in seen
            seen.add(at)
            at = above[at]


async def test_transition_actions_close_no_cycle(tree: Client) -> None:
    a, b = await chain(tree, "a", "b")
    action = {"type": "set_field", "field": "parent_id", "value": b}
    ways = [{"from": "a", "to": "moved", "actions": [action]}]
    machine = {"entity": "node", "field": "title", "definition": {"initial": "a", "transitions": ways}}
    await tree.define(machine, "state-machines")
    refused(await tree.put(f"/node/{a}", {"title": "moved"}))


async def test_workflow_actions_close_no_cycle(tree: Client) -> None:
    a, b = await chain(tree, "a", "b")
    action = {"type": "set_field", "entity": "node", "record_id": "context.id", "field": "parent_id", "value": b}
    flow = {
        "name": "hang", "context": {"id": "record.id"},
        "trigger": {"type": "state_change", "entity": "node", "field": "title", "to": "go"},
        "steps": [{"id": "hang", "type": "action", "actions": [action]}],
    }  # fmt: skip
    await tree.define(flow, "workflows")
    (await tree.put(f"/node/{a}", {"title": "go"})).expect(200)

    async def failed() -> Any:
        found = (await tree.get("/_workflows")).data
        return found[0] if found and found[0]["status"] == "failed" else None

    await eventually(failed)
    assert await parents(tree) == {"go": None, "b": "go"}


async def test_an_import_closes_no_cycle(admin: Client) -> None:
    one, other = "0197e000-0000-7000-8000-000000000001", "0197e000-0000-7000-8000-000000000002"
    rows: list[dict[str, Any]] = [
        {"id": one, "title": "a", "parent_id": other},
        {"id": other, "title": "b", "parent_id": one},
    ]
    sent = {"version": 1, "entities": [NODE], "relations": [KIDS], "sample_data": {"node": rows}}
    refused(await admin.post("/_admin/import", sent))
    (await admin.get("/node")).expect(404)
    rows[0]["parent_id"] = None
    (await admin.post("/_admin/import", sent)).expect(200)
    more = "0197e000-0000-7000-8000-000000000003"
    sent["sample_data"] = {"node": [{"id": more, "title": "c", "parent_id": more}]}
    refused(await admin.post("/_admin/import", sent))
    assert await parents(admin) == {"a": None, "b": "a"}


async def test_acyclic_is_refused_while_cycles_exist(admin: Client) -> None:
    await admin.define(NODE)
    loose = {**KIDS, "acyclic": False}
    await admin.define(loose, "relations")
    a, b = await chain(admin, "a", "b")
    below = await make(admin, "node", title="c", parent_id=b)
    (await admin.put(f"/node/{a}", {"parent_id": b})).expect(200)
    document = {"version": 1, "entities": [], "relations": [KIDS]}
    plan = (await admin.post("/_admin/schema/plan", document)).expect(200).data
    assert plan["violations"] == [{"entity": "node", "field": "parent_id", "rule": "acyclic", "rows": 3}]
    for refusal in (
        await admin.put("/_admin/relations/kids", KIDS),
        await admin.post("/_admin/schema/apply", document),
        await admin.post("/_admin/relations", {**KIDS, "name": "again"}),
    ):
        refused(refusal, field="acyclic")
        assert "3 records" in refusal.details[0]["message"]
    (await admin.put(f"/node/{a}", {"parent_id": None})).expect(200)
    (await admin.put("/_admin/relations/kids", KIDS)).expect(200)
    refused(await admin.put(f"/node/{a}", {"parent_id": below["id"]}))


@pytest.mark.parametrize(
    "other",
    [
        {"target": "other", "target_key": "node_id"},
        {"type": "many_to_many", "join_table": "pairs"},
    ],
    ids=["of-two-entities", "pairs"],
)
async def test_acyclic_needs_a_relation_within_one_entity(admin: Client, other: dict[str, Any]) -> None:
    await admin.define(NODE)
    await admin.define(entity("other", reference("node_id")))
    definition = {**KIDS, **other}
    if definition["type"] == "many_to_many":
        definition = {key: value for key, value in definition.items() if key not in ("target_key", "on_delete")}
    reply = (await admin.post("/_admin/relations", definition)).expect(422)
    assert reply.details[0]["field"] == "acyclic"
