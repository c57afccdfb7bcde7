"""The audit log has a row for every entry of the commit log, by whatever way it came there."""

from __future__ import annotations

from typing import Any

import aiohttp

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.app_database import query
from tests.support.client import Client, entity, integer, text
from tests.support.relations import reference, relation
from tests.support.replays import verified

ORDER = entity(
    "order", text("title"), text("status", default="draft"), integer("total"), text("note"), text("api_token")
)
LINE = entity("line", integer("amount"), text("sku", unique=True), reference("order_id"), soft_delete=True)
MOVE = {"from": "draft", "to": "sent", "actions": [{"type": "set_field", "field": "note", "value": "moved"}]}
MACHINE = {"entity": "order", "field": "status", "definition": {"initial": "draft", "transitions": [MOVE]}}
SUM = {"field": "total", "expression": "sum(related.lines, amount)", "related_load": [{"relation": "lines"}]}
TOTAL = {"entity": "order", "hook": "before_write", "type": "computed", "definition": SUM}
MARK = {"type": "set_field", "entity": "order", "record_id": "context.id", "field": "note", "value": "by workflow"}
WORKFLOW = {
    "name": "stamp", "trigger": {"type": "state_change", "entity": "order", "field": "status", "to": "sent"},
    "context": {"id": "record.id"}, "steps": [{"id": "mark", "type": "action", "actions": [MARK]}],
}  # fmt: skip


async def write_everywhere(admin: Client, clerk: Client) -> None:
    """Create, nested, transition, workflow, bulk, by filter, upsert, restore, comment, cascade, undo, import, job."""
    nested = {"title": "one", "api_token": "t0p", "lines": {"data": [{"amount": 2, "sku": "a"}]}}
    key = (await clerk.post("/order", nested)).expect(201).data["id"]
    (await clerk.put(f"/order/{key}", {"status": "sent"})).expect(200)

    async def marked() -> bool:
        return bool((await admin.get(f"/order/{key}")).data["note"] == "by workflow")

    await eventually(marked)
    rows = [{"amount": n, "sku": f"b{n}", "order_id": key} for n in range(3)]
    (await admin.post("/line/_bulk", rows)).expect(201)
    ids = [row["id"] for row in (await admin.get("/line?filter[sku.starts_with]=b&sort=sku")).data]
    (await admin.put("/line/_bulk", [{"id": ids[0], "amount": 9}])).expect(200)
    (await admin.put("/line/_bulk?filter[sku]=b1&expect=1", {"set": {"amount": 7}})).expect(200)
    upserted = [{"sku": "b2", "amount": 5}, {"sku": "c", "amount": 1}]
    assert (await admin.post("/line/_bulk?on_conflict=update&key=sku", upserted)).status < 300
    (await admin.delete(f"/line/{ids[0]}")).expect(200)
    (await admin.post(f"/line/{ids[0]}/restore")).expect(200)
    (await admin.post(f"/order/{key}/comments", {"body": "look"})).expect(201)
    gone = (await admin.delete(f"/order/{key}")).expect(200)
    (await admin.post(f"/_commits/{gone.headers['X-Commit']}/undo")).expect(200)
    (await admin.post("/_admin/import", {"version": 1, "sample_data": {"order": [{"title": "sample"}]}})).expect(200)
    form = aiohttp.FormData()
    form.add_field("file", b"sku,amount\nf1,1\nf2,2\n", filename="lines.csv", content_type="text/csv")
    job = (await admin.request("POST", "/line/_import", raw=form)).expect(202).data["id"]

    async def imported() -> bool:
        return bool((await admin.get(f"/line/_imports/{job}")).data["status"] == "done")

    await eventually(imported)


async def everything(admin: Client, path: str) -> list[Any]:
    """All rows behind a list by cursors."""
    found: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        reply = (await admin.get(f"{path}&cursor={cursor}")).expect(200)
        found, cursor = found + reply.data, reply.meta["next_cursor"]
    return found


async def test_every_way_of_writing_leaves_its_row(admin: Client, stack: Stack) -> None:
    for definition in (ORDER, LINE):
        await admin.define(definition)
    lines = relation("lines", "one_to_many", "order", "line", target_key="order_id", on_delete="cascade")
    kinds = (("relations", lines), ("state-machines", MACHINE), ("rules", TOTAL), ("workflows", WORKFLOW))
    for kind, definition in kinds:
        await admin.define(definition, kind)
    for name in ("order", "line"):
        for action in ("read", "create", "update"):
            await admin.grant(name, action, "clerk")
    clerk = await admin.user("clerk@example.com", ["clerk"])
    await write_everywhere(admin, clerk)
    log = await query(
        stack, admin, "SELECT position, n, record_id, version, action, trace_id::text AS trace_id, "
        "context #>> '{actor,email}' AS who, context ->> 'cause' AS cause FROM data.commits",
    )  # fmt: skip
    assert len({row["cause"] for row in log}) >= 4
    assert {row["action"] for row in log} == {"create", "update", "delete", "restore"}
    names = ("record_id", "version", "action", "who", "trace_id")
    entries = {(row["position"], row["n"]): tuple(row[name] for name in names) for row in log}

    async def complete() -> bool:
        return bool((await admin.get("/_admin/audit-logs?source=data")).meta["total"] == len(entries))

    await eventually(complete)
    found = await everything(admin, "/_admin/audit-logs?source=data&sort=timestamp&per_page=7")
    own = ("record_id", "version", "action", "user_email", "trace_id")
    assert {(row["position"], row["n"]): tuple(row[name] for name in own) for row in found} == entries
    assert len(found) == len(entries)
    assert [row["timestamp"] for row in found] == sorted(row["timestamp"] for row in found)
    await verified(admin, "audit", "activity")
    # Causes, and persons on whose behalf something was done.
    [stamp] = (await admin.get("/_admin/audit-logs?cause=workflow:stamp")).expect(200).data
    assert stamp["user_email"] == "clerk@example.com" and stamp["on_behalf_of"] and stamp["changed_fields"] == ["note"]
    undone = (await admin.get("/_admin/audit-logs?cause=undo&entity=order")).data
    assert "create" in [row["action"] for row in undone]
    # Names that look like secrets are masked.
    [made] = (await admin.get("/_admin/audit-logs?entity=order&action=create&user_email=clerk@example.com")).data
    assert made["new_data"]["api_token"] == "***" and "t0p" not in str(found)
    # By field, in every order, and as files.
    fields = (await admin.get("/_admin/audit-logs?field=status&source=data")).data
    assert fields and all("status" in row["changed_fields"] for row in fields)
    people = [row["user_email"] for row in (await admin.get("/_admin/audit-logs?sort=user_email&per_page=100")).data]
    assert people == sorted(people)
    for path in ("?sort=old_data", "?cursor=x", "?fild=x", "/_export?format=pdf"):
        (await admin.get(f"/_admin/audit-logs{path}")).expect(400)
    for kind, expected in (("csv", len(found) + 1), ("ndjson", len(found))):
        url = f"{admin.url}{admin.prefix}/_admin/audit-logs/_export?source=data&format={kind}"
        async with admin.session.get(url, headers={"Authorization": f"Bearer {admin.token}"}) as response:
            content = await response.text()
            assert response.status == 200 and f"audit-logs.{kind}" in response.headers["Content-Disposition"]
            assert len(content.splitlines()) == expected and "t0p" not in content
    (await clerk.get("/_admin/audit-logs/_export")).expect(403)
