"""`as_of` on records, lists, includes and filters, by position and by time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.app_database import app_connection
from tests.support.client import Client, Reply, entity, integer, text
from tests.support.relations import allow, define_shop, make, pair, where

NOTE = entity("note", text("title"), integer("size"), {"name": "price", "type": "decimal", "precision": 2},
              {"name": "data", "type": "json"}, {"name": "day", "type": "date"}, {"name": "at", "type": "timestamp"},
              {"name": "done", "type": "boolean"}, soft_delete=True)  # fmt: skip


def position(reply: Reply) -> int:
    """Where in the log a write is."""
    return int(reply.headers["X-Commit"])


async def test_a_record_as_of(admin: Client) -> None:
    await admin.define(NOTE)
    values = {"title": "é\"'", "size": 7, "price": 1.5, "data": {"a": [1, None]}, "day": "2026-02-03",
              "at": "2026-02-03T04:05:06.000007+00:00", "done": False}  # fmt: skip
    created = (await admin.post("/note", values)).expect(201)
    path = f"/note/{created.data['id']}"
    emptied = await admin.put(path, dict.fromkeys(values))
    deleted = await admin.delete(path)
    restored_never = position(deleted)
    was = await admin.get(f"{path}?as_of={position(created)}")
    assert was.expect(200).data == created.data
    assert was.headers["ETag"].startswith('"1-')
    (await admin.get(f"{path}?as_of={position(created)}", If_None_Match=was.headers["ETag"])).expect(200)
    assert (await admin.get(f"{path}?as_of={position(emptied)}")).data == emptied.data
    assert (await admin.get(f"{path}?as_of={restored_never}")).expect(404).code == "NOT_FOUND"
    assert (await admin.get(f"{path}?as_of={restored_never}&deleted=with")).data == emptied.data
    before = position(created) - 1
    if before:
        assert (await admin.get(f"{path}?as_of={before}")).expect(404).code == "NOT_FOUND"
    chosen = await admin.get(f"{path}?as_of={position(created)}&fields=size")
    assert chosen.data == {"size": 7}


async def test_a_list_as_of(admin: Client) -> None:
    await admin.define(entity("note", text("title"), integer("size")))
    made = [(await admin.post("/note", {"title": title, "size": n})).expect(201) for n, title in enumerate("abc")]
    path = f"/note/{made[1].data['id']}"
    changed = await admin.put(path, {"size": 9})
    removed = await admin.delete(path)
    third = position(made[2])

    async def sizes(query: str) -> list[int]:
        return [row["size"] for row in (await admin.get(f"/note?sort=title&{query}")).expect(200).data]

    assert await sizes("") == [0, 2]
    assert await sizes(f"as_of={position(made[1])}") == [0, 1]
    assert await sizes(f"as_of={third}") == [0, 1, 2]
    assert await sizes(f"as_of={position(changed)}") == [0, 9, 2]
    assert await sizes(f"as_of={position(removed)}") == [0, 2]
    assert await sizes(f"as_of={third}&filter[size.gte]=1&q=C") == [2]
    page = await admin.get(f"/note?as_of={third}&sort=-size&per_page=1&page=2")
    assert page.data == [made[1].data] and page.meta == {"page": 2, "per_page": 1, "total": 3}
    first = await admin.get(f"/note?as_of={third}&sort=-size&per_page=2&cursor=")
    rest = await admin.get(f"/note?as_of={third}&sort=-size&per_page=2&cursor={first.meta['next_cursor']}")
    assert [*first.data, *rest.data] == [reply.data for reply in reversed(made)]
    assert (await admin.get(f"/note?as_of={third}&count=estimated&filter[size]=1")).meta["total"] == 1


async def test_a_time_selects_the_last_commit_before_it(admin: Client) -> None:
    await admin.define(NOTE)
    created = await admin.post("/note", {"size": 1})
    changed = await admin.put(f"/note/{created.data['id']}", {"size": 2})
    history = (await admin.get(f"/note/{created.data['id']}/history")).data
    times = {entry["version"]: entry["at"].replace("+", "%2B") for entry in history}
    for version, record in ((1, created.data), (2, changed.data)):
        assert (await admin.get(f"/note/{record['id']}?as_of={times[version]}")).expect(200).data == record
    now = (datetime.now(UTC) - timedelta(milliseconds=1)).isoformat().replace("+", "%2B")
    assert (await admin.get(f"/note?as_of={now}")).data == [changed.data]
    assert (await admin.get("/note?as_of=2001-01-01")).data == []
    assert (await admin.get("/note?as_of=2001-01-01T00:00:00Z")).meta["total"] == 0


@pytest.fixture(scope="module")
async def common_notes(common_admin: Client) -> Client:
    """The admin of an app with notes."""
    await common_admin.define(NOTE)
    return common_admin


@pytest.mark.parametrize("moment", ["x", "0", "-1", "", "2026-99-99", "9" * 30, "9999-01-01", "%00"])
async def test_invalid_moments_are_refused(common_notes: Client, moment: str) -> None:
    assert (await common_notes.get(f"/note?as_of={moment}")).expect(400).code == "INVALID_PAYLOAD"


async def test_a_position_in_the_future(admin: Client) -> None:
    await admin.define(NOTE)
    created = await admin.post("/note", {"size": 1})
    assert (await admin.get(f"/note?as_of={position(created) + 1000}")).expect(504).code == "TIMEOUT"
    waiting = asyncio.create_task(admin.get(f"/note?as_of={position(created) + 1}"))
    await make(admin, "note", size=2)
    assert (await waiting).expect(200).meta["total"] == 2


async def test_as_of_is_refused_on_writes(admin: Client) -> None:
    await admin.define(NOTE)
    created = await admin.post("/note", {"size": 1})
    path = f"/note/{created.data['id']}?as_of={position(created)}"
    replies = [await admin.put(path, {"size": 2}), await admin.delete(path), await admin.post("/note?as_of=1", {})]
    assert {reply.expect(400).code for reply in replies} == {"INVALID_PAYLOAD"}
    assert (await admin.get("/note")).data == [created.data]


async def test_includes_and_relation_filters_as_of(admin: Client) -> None:
    await define_shop(admin)
    ann = await make(admin, "customer", name="Ann")
    order = await make(admin, "order", title="a", customer_id=ann["id"])
    item = await make(admin, "item", sku="x", order_id=order["id"])
    tag = await make(admin, "tag", label="red")
    await pair(admin, order, tag)
    last = position(await admin.post("/node", {"name": "marks the moment"}))
    (await admin.put(f"/customer/{ann['id']}", {"name": "Bob"})).expect(200)
    (await admin.delete(f"/item/{item['id']}")).expect(200)
    (await admin.delete(f"/tag/{tag['id']}")).expect(200)
    whole = {**order, "customer": ann, "items": [item], "tags": [tag]}
    include = "include=customer,items,tags"
    assert (await admin.get(f"/order/{order['id']}?{include}&as_of={last}")).expect(200).data == whole
    assert (await admin.get(f"/order?{include}&as_of={last}")).data == [whole]
    for condition in ("customer.name]=Ann", "items.sku]=x", "tags.label]=red", "items.order.customer.name]=Ann"):
        assert (await admin.get(f"/order?filter[{condition}&as_of={last}")).data == [order]
        assert (await admin.get(f"/order?filter[{condition}")).data == []
    parent = (await admin.get(f"/item/{item['id']}?include=order.customer&as_of={last}")).data["order"]
    assert parent == {**order, "customer": ann}


async def test_fields_keep_their_values_under_a_new_name(admin: Client) -> None:
    await admin.define(entity("note", text("title"), integer("size")))
    created = await admin.post("/note", {"title": "a", "size": 1})
    fields = ({**text("name"), "renamed_from": "title"}, integer("later"), {"name": "size", "type": "bigint"})
    renamed = entity("note", *fields)
    (await admin.put("/_admin/entities/note", renamed)).expect(200)
    was = (await admin.get(f"/note/{created.data['id']}?as_of={position(created)}")).expect(200).data
    assert was == {"id": created.data["id"], "name": "a", "later": None, "size": 1}
    (await admin.put("/_admin/entities/note", entity("note", fields[2]))).expect(200)
    assert (await admin.get(f"/note?as_of={position(created)}")).data == [{"id": was["id"], "size": 1}]


async def test_a_recreated_entity_has_no_earlier_records(admin: Client) -> None:
    await admin.define(NOTE)
    created = await admin.post("/note", {"size": 1})
    (await admin.delete("/_admin/entities/note")).expect(200)
    await admin.define(NOTE)
    assert (await admin.get(f"/note?as_of={position(created)}")).data == []


async def test_current_permissions_apply_to_earlier_versions(admin: Client) -> None:
    await admin.define(NOTE)
    made = {size: (await admin.post("/note", {"title": "open", "size": size})).expect(201) for size in (1, 2, 3, 4)}
    before = position(made[4])
    path = {size: f"/note/{reply.data['id']}" for size, reply in made.items()}
    (await admin.put(path[1], {"title": "secret"})).expect(200)
    secret = position(await admin.put(path[2], {"title": "secret"}))
    (await admin.put(path[2], {"title": "open"})).expect(200)
    (await admin.delete(path[4])).expect(200)
    await allow(admin, "note", where("title", "open"))
    sales = await admin.user("sales@example.com", ["sales"])

    async def sizes(moment: int) -> list[int]:
        return [row["size"] for row in (await sales.get(f"/note?as_of={moment}&sort=size")).expect(200).data]

    assert await sizes(before) == [2, 3, 4]
    assert await sizes(secret) == [3, 4]
    (await sales.get(f"{path[1]}?as_of={before}")).expect(404)
    (await sales.get(f"{path[2]}?as_of={secret}")).expect(404)
    (await sales.get(f"{path[2]}?as_of={before}")).expect(200)
    (await sales.get(f"{path[4]}?as_of={before}")).expect(200)


async def test_history_obeys_current_permissions(admin: Client) -> None:
    await admin.define(entity("memo", text("title"), integer("size")))
    created = await admin.post("/memo", {"title": "open", "size": 1})
    path = f"/memo/{created.data['id']}"
    (await admin.put(path, {"title": "secret", "size": 2})).expect(200)
    reopened = await admin.put(path, {"title": "open", "size": 3})
    (await admin.put(path, {"size": 4})).expect(200)
    await allow(admin, "memo", where("title", "open"))
    sales = await admin.user("sales@example.com", ["sales"])
    history = (await sales.get(f"{path}/history")).expect(200)
    assert [entry["version"] for entry in history.data] == [4, 3, 1] and history.meta["total"] == 3
    assert history.data[0]["changed"] == {"size": {"old": 3, "new": 4}}
    assert history.data[1]["changed"]["size"] == {"old": None, "new": 3}
    (await sales.get(f"{path}?version=2")).expect(404)
    assert (await sales.get(f"{path}?version=1")).expect(200).data == created.data
    until = (await sales.get(f"{path}/history?as_of={position(reopened)}")).expect(200)
    assert [entry["version"] for entry in until.data] == [3, 1]
    page = (await sales.get(f"{path}/history?per_page=1&page=2")).expect(200)
    assert [entry["version"] for entry in page.data] == [3] and page.meta["total"] == 3
    (await admin.put(path, {"title": "secret"})).expect(200)
    (await sales.get(f"{path}/history")).expect(404)
    (await sales.get(f"{path}?version=1")).expect(404)
    (await admin.delete(path)).expect(200)
    assert [entry["version"] for entry in (await sales.get(f"{path}/history")).data] == [4, 3, 1]


async def test_a_moment_is_answered_once_the_log_is_settled(stack: Stack, admin: Client) -> None:
    """A write that took its position earlier and commits later: nobody gets an answer without it."""
    await admin.define(NOTE)
    await make(admin, "note", size=1)
    async with app_connection(stack, admin) as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("LOCK TABLE data.commits IN ROW EXCLUSIVE MODE")
        taken = await connection.fetchval("SELECT nextval('data.position')")
        second = await admin.post("/note", {"size": 2})
        assert position(second) == taken + 1
        asked = asyncio.create_task(admin.get(f"/note?as_of={position(second)}&sort=size"))
        (await admin.get("/note")).expect(200)
        assert not asked.done()
        await connection.execute(LATE, taken)
        await transaction.commit()
        assert [row["size"] for row in (await asked).expect(200).data] == [1, 2, 3]


LATE = """
INSERT INTO data.commits (position, n, commit_id, entity, record_id, version, action, image, context, trace_id,
                          schema_version, at)
SELECT $1, 1, gen_random_uuid(), entity, id, 1, 'create', image || jsonb_build_object('1', id, '3', 3), context,
       gen_random_uuid(), schema_version, clock_timestamp()
FROM data.commits, (SELECT gen_random_uuid()::text AS id) i WHERE position = 1
"""


async def test_an_unsettled_moment_times_out(stack: Stack, admin: Client) -> None:
    await admin.define(NOTE)
    created = await admin.post("/note", {"size": 1})
    async with app_connection(stack, admin) as connection, connection.transaction():
        await connection.execute("LOCK TABLE data.commits IN ROW EXCLUSIVE MODE")
        reply = await admin.get(f"/note?as_of={position(created)}")
        assert reply.expect(504).code == "TIMEOUT"

    async def answered() -> Any:
        return (await admin.get(f"/note?as_of={position(created)}")).status == 200

    await eventually(answered)
