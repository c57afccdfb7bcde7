"""Verification and rebuilding of tables and audit rows from the log, and of the log from its seals."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.app_database import app_connection, executed
from tests.support.client import Client, entity, integer, text
from tests.support.relations import define_shop, make, pair
from tests.support.replays import finished, projection, verified

EVERYTHING = [
    text("name"), text("note"), integer("count"), {"name": "price", "type": "decimal", "precision": 2},
    {"name": "exact", "type": "decimal"}, {"name": "at", "type": "timestamp"}, {"name": "day", "type": "date"},
    {"name": "flag", "type": "boolean"}, {"name": "data", "type": "json"}, text("mail", unique=True),
    {"name": "seen", "type": "timestamp", "auto": "update"},
]  # fmt: skip
VALUES = {
    "name": "é, 'quoted' \"twice\" \\ %", "count": -3, "price": 12.5, "exact": 0.1,
    "at": "2026-02-03T04:05:06.789+02:00", "day": "2026-02-03", "flag": False, "data": {"a": [1, None, {"b": "c"}]},
    "mail": "a@example.com",
}  # fmt: skip


async def sealed(admin: Client) -> Any:
    """The log, when all of it is sealed."""

    async def whole() -> Any:
        log = await projection(admin, "log")
        return log["position"] and not log["lag"] and log

    return await eventually(whole, within=20)


async def test_tables_match_the_log_after_every_kind_of_write(admin: Client) -> None:
    await define_shop(admin)
    await admin.define(entity("thing", *EVERYTHING, soft_delete=True))
    counted = {"field": "id", "type": "bigint", "generated": True}
    key = {"name": "id", "type": "bigint"}
    await admin.define(entity("counted", primary_key=counted) | {"fields": [key, text("name")]})
    thing = await make(admin, "thing", **VALUES)
    (await admin.put(f"/thing/{thing['id']}", {"mail": "b@example.com", "exact": 10.10})).expect(200)
    (await admin.delete(f"/thing/{thing['id']}")).expect(200)
    (await admin.post(f"/thing/{thing['id']}/restore")).expect(200)
    rows = [{"name": str(n)} for n in range(1200)]
    created = (await admin.post("/counted/_bulk", rows)).expect(201)
    undone = created.headers["X-Commit"]
    order = await make(admin, "order", title="o", total=1)
    tags = [await make(admin, "tag", label=str(n)) for n in range(3)]
    await pair(admin, order, *tags)
    (await admin.put(f"/order/{order['id']}", {"tags": {"_write_mode": "replace", "data": [{"id": tags[0]["id"]}]}}))
    (await admin.delete(f"/tag/{tags[0]['id']}")).expect(200)
    (await admin.post(f"/_commits/{undone}/undo")).expect(200)
    (await admin.post("/_admin/import", {"version": 1, "sample_data": {"counted": [{"id": 7, "name": "kept"}]}}))
    # A column that comes later, and one whose type grows.
    later = entity("thing", *EVERYTHING[:2], integer("count"), text("late"), *EVERYTHING[3:], soft_delete=True)
    later["fields"][3]["type"] = "bigint"
    (await admin.put("/_admin/entities/thing", later)).expect(200)
    before = {name: (await admin.get(f"/{name}?per_page=100")).data for name in ("thing", "order", "counted", "tag")}

    await verified(admin, "log", "records")
    records = await finished(admin, "records", "verify")
    rebuilt = await finished(admin, "records", "rebuild")
    assert rebuilt["checked"] > 1200
    again = await finished(admin, "records", "verify")
    assert (again["hash"], again["checked"], again["equal"]) == (records["hash"], records["checked"], True)
    assert before == {name: (await admin.get(f"/{name}?per_page=100")).data for name in before}
    # What hangs on a table is there again: its sequence, its unique values, its references.
    assert (await make(admin, "counted", name="next"))["id"] > 1200
    (await admin.post("/thing", {"mail": "b@example.com"})).expect(409)
    await verified(admin, "records")


async def test_a_deletion_mark_that_becomes_a_field_keeps_its_values(admin: Client) -> None:
    implicit = entity("note", text("title"), soft_delete=True)
    mark = {"name": "deleted_at", "type": "timestamp"}
    shown = entity("note", text("title"), {**mark, "indexed": True}, soft_delete=True)
    await admin.define(implicit)
    trashed, kept = [await make(admin, "note", title=title) for title in ("trashed", "kept")]
    now = (await admin.delete(f"/note/{trashed['id']}")).expect(200).headers["X-Commit"]
    for definition in (shown, implicit, shown):
        (await admin.put("/_admin/entities/note", definition)).expect(200)
        # Written under this definition, and to be read under the next.
        another = await make(admin, "note", title="another")
        last = (await admin.delete(f"/note/{another['id']}")).expect(200).headers["X-Commit"]
        for moment in (now, last):
            listed = (await admin.get(f"/note?as_of={moment}")).expect(200).data
            assert [row["title"] for row in listed] == ["kept"]
            (await admin.get(f"/note/{trashed['id']}?as_of={moment}")).expect(404)
            (counted,) = (await admin.get(f"/note/_aggregate?count=*&as_of={moment}")).expect(200).data
            assert counted["count"] == 1
        in_trash = (await admin.get("/note?deleted=only&sort=id")).expect(200).data
        await verified(admin, "records")
        await finished(admin, "records", "rebuild")
        await verified(admin, "records", "audit")
        (await admin.get(f"/note/{trashed['id']}")).expect(404)
        assert (await admin.get("/note?deleted=only&sort=id")).expect(200).data == in_trash
        assert trashed["id"] in [row["id"] for row in in_trash]
        assert all(row.get("deleted_at") for row in in_trash) == (definition is shown)
    (await admin.post(f"/note/{trashed['id']}/restore")).expect(200)
    assert {row["id"] for row in (await admin.get("/note")).data} == {trashed["id"], kept["id"]}
    assert (await admin.get(f"/note/{trashed['id']}?as_of={now}")).expect(404).code == "NOT_FOUND"
    await verified(admin, "records")


CREATED = "INSERT INTO records.items (id, name, _version) VALUES (gen_random_uuid(), 'x', 1)"


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        ("UPDATE records.items SET name = 'secreT' WHERE name = 'secret'", "the row has other values: name"),
        ("UPDATE records.items SET _version = 7 WHERE name = 'secret'", "the row has another version or digits"),
        ("DELETE FROM records.items WHERE name = 'secret'", "the row is missing"),
        (CREATED, "the log does not know this row"),
    ],
    ids=["value", "version", "missing", "stray"],
)
async def test_tampered_rows_are_reported_and_rebuilt(stack: Stack, admin: Client, tampering: str, found: str) -> None:
    await admin.define(entity("item", text("name")))
    item = await make(admin, "item", name="secret")
    await make(admin, "item", name="other")
    whole = await finished(admin, "records", "verify")
    assert (await executed(stack, admin, tampering)).endswith(" 1")
    replay = await finished(admin, "records", "verify")
    (difference,) = replay["first_differences"]
    assert (replay["differences"], replay["equal"], difference["what"]) == (1, False, found)
    assert difference["entity"] == "item"
    assert tampering == CREATED or difference["record_id"] == item["id"]
    assert "secre" not in str(replay), "values are nobody's business here"
    assert (await projection(admin, "records"))["verify"]["equal"] is False
    await finished(admin, "records", "rebuild", only="item")
    mended = await finished(admin, "records", "verify")
    assert (mended["hash"], mended["equal"]) == (whole["hash"], True)


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        ("UPDATE data.commits SET image = jsonb_set(image, '{2}', '\"secreT\"') WHERE version = 1 AND entity = $1",
         "a log entry is not what was sealed"),
        ("UPDATE data.commits SET context = jsonb_set(context, '{actor,email}', '\"eve\"') WHERE version = 2 AND "
         "entity = $1", "a log entry is not what was sealed"),
        ("DELETE FROM data.commits WHERE version = 1 AND entity = $1", "a log entry is"),
        ("INSERT INTO data.commits SELECT position, 2, commit_id, entity, 'more', version, action, image, previous, "
         "context, effects, effect_key, trace_id, schema_version, at FROM data.commits WHERE version = 1 AND "
         "entity = $1", "a log entry is not what was sealed"),
        ("UPDATE data.seals SET hash = sha256(hash) WHERE last = (SELECT max(last) FROM data.seals) AND $1 > 0",
         "the seal is not the one that was made"),
        ("DELETE FROM data.seals WHERE last = (SELECT min(last) FROM data.seals) AND $1 > 0", "a seal is missing"),
    ],
    ids=["image", "actor", "entry gone", "entry added", "seal", "seal gone"],
)  # fmt: skip
async def test_a_tampered_log_is_detected(stack: Stack, admin: Client, tampering: str, found: str) -> None:
    await admin.define(entity("item", text("name")))
    item = await make(admin, "item", name="secret")
    await sealed(admin)
    (await admin.put(f"/item/{item['id']}", {"name": "new"})).expect(200)
    await sealed(admin)
    await verified(admin, "log")
    assert (await executed(stack, admin, tampering, 1)).endswith(" 1")
    replay = await finished(admin, "log", "verify")
    assert replay["equal"] is False
    assert replay["first_differences"][0]["what"].startswith(found)
    assert replay["first_differences"][0]["position"] in (1, 2)


async def test_audit_rows_match_the_log_across_definition_changes(admin: Client) -> None:
    fields = (text("name"), text("secret", sensitive=True), {"name": "price", "type": "decimal"})
    await admin.define(entity("item", *fields))
    await admin.define(entity("quiet", text("name"), audit=False))
    item = await make(admin, "item", name="a", secret="s", price=1.50)
    await make(admin, "quiet", name="a")
    await verified(admin, "audit")  # what is audited later, is audited by the definitions of then
    clear = text("secret", sensitive=False)  # a name like this is masked unless somebody says otherwise
    renamed = (text("title", renamed_from="name"), clear, fields[2], text("late", sensitive=True))
    (await admin.put("/_admin/entities/item", entity("item", *renamed))).expect(200)
    (await admin.put(f"/item/{item['id']}", {"title": "b", "secret": "t", "late": "l"})).expect(200)
    (await admin.put("/_admin/entities/quiet", entity("quiet", text("name")))).expect(200)
    await make(admin, "quiet", name="b")
    (await admin.delete(f"/item/{item['id']}")).expect(200)
    large = "é" * 300_000  # published as a reference
    await make(admin, "item", title=large)
    await verified(admin, "audit")
    path = "/_admin/audit-logs?source=data&sort=timestamp&per_page=100"
    before = (await admin.get(path)).data
    assert [row["entity"] for row in before] == ["item", "item", "quiet", "item", "item"]
    # By today's definitions: what is audited now is audited from the beginning, and secrets are those of today.
    rebuilt = await finished(admin, "audit", "rebuild")
    after = (await admin.get(path)).data
    assert (rebuilt["checked"], len(after)) == (6, 6)
    assert [row["entity"] for row in after].count("quiet") == 2
    assert after[0]["new_data"] == {"id": item["id"], "title": "a", "secret": "s", "price": 1.5}
    await verified(admin, "audit")
    (await admin.delete(f"/quiet/{(await admin.get('/quiet')).data[0]['id']}")).expect(200)
    await verified(admin, "audit")
    assert len((await admin.get(path)).data) == 7


async def test_audit_opt_outs_apply_by_the_commits_version(admin: Client) -> None:
    names = [text("name")]
    await admin.define(entity("item", *names))
    for number in range(3):
        await make(admin, "item", name=f"told {number}")
        (await admin.put("/_admin/entities/item", entity("item", *names, audit=False))).expect(200)
        await make(admin, "item", name=f"untold {number}")
        (await admin.put("/_admin/entities/item", entity("item", *names))).expect(200)
    await verified(admin, "audit")
    rows = (await admin.get("/_admin/audit-logs?source=data&sort=timestamp")).data
    assert [row["new_data"]["name"] for row in rows] == ["told 0", "told 1", "told 2"]


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        ("""UPDATE events.audit_logs SET new_data = jsonb_set(new_data, '{name}', '"secreT"') WHERE version = 1""",
         "the audit row has another new_data"),
        ("""UPDATE events.audit_logs SET new_data = new_data - 'name' || '{"namE": "secret"}' WHERE version = 1""",
         "the audit row has another new_data"),
        ("""UPDATE events.audit_logs SET changed_fields = '["id", "namE"]' WHERE version = 1""",
         "the audit row has another changed_fields"),
        ("UPDATE events.audit_logs SET user_email = 'eve@localhost' WHERE version = 2",
         "the audit row has another user_email"),
        ("UPDATE events.audit_logs SET entity = 'iteM' WHERE version = 2", "the audit row has another entity"),
        ("UPDATE events.audit_logs SET n = 2 WHERE version = 2", "the log has no such entry"),
        ("DELETE FROM events.audit_logs WHERE version = 1", "the audit row is missing"),
    ],
    ids=["value", "field", "changed", "actor", "entity", "place", "gone"],
)  # fmt: skip
async def test_tampered_audit_rows_are_detected(stack: Stack, admin: Client, tampering: str, found: str) -> None:
    await admin.define(entity("item", text("name")))
    item = await make(admin, "item", name="secret")
    (await admin.put(f"/item/{item['id']}", {"name": "new"})).expect(200)
    await verified(admin, "audit")
    assert (await executed(stack, admin, tampering)).endswith(" 1")
    replay = await finished(admin, "audit", "verify")
    assert replay["equal"] is False
    assert found in [difference["what"] for difference in replay["first_differences"]]
    await finished(admin, "audit", "rebuild")
    await verified(admin, "audit")


async def test_writes_continue_during_a_rebuild(admin: Client) -> None:
    await admin.define(entity("item", text("name"), text("mail", unique=True), integer("count", indexed=True)))
    rows = [{"name": "a", "mail": f"{n}@example.com", "count": n} for n in range(1500)]
    ids = (await admin.post("/item/_bulk", rows)).expect(201).data["ids"]
    doomed = ids[1000:]

    async def write(number: int) -> int:
        written = 0
        with contextlib.suppress(asyncio.CancelledError):
            while True:
                mail = f"{(written * 7 + number) % 40}@changing"
                reply = await admin.put(f"/item/{ids[(written * 13 + number) % 1000]}", {"mail": mail})
                assert reply.status in (200, 409), reply.body
                (await admin.delete(f"/item/{doomed.pop()}")).expect(200) if not written % 50 else None
                (await admin.post("/item", {"name": "new", "count": written})).expect(201)
                written += 1
        return written

    writers = [asyncio.create_task(write(n)) for n in range(4)]
    await asyncio.gather(finished(admin, "records", "rebuild"), finished(admin, "audit", "rebuild"))
    await verified(admin, "records")
    for writer in writers:
        writer.cancel()
    assert min(await asyncio.gather(*writers)) > 3
    await verified(admin, "records", "log", "audit")


async def test_projections_are_listed_with_their_progress(admin: Client) -> None:
    await admin.define(entity("item", text("name")))
    position = int((await admin.post("/item", {"name": "a"})).expect(201).headers["X-Commit"])
    names = ["log", "records", "audit", "activity", "workflow", "webhook", "notify"]

    async def caught_up() -> Any:
        rows = (await admin.get("/_admin/projections")).expect(200).data
        return all((row["position"], row["lag"]) == (position, 0) for row in rows) and rows

    rows = await eventually(caught_up, within=20)
    assert [row["name"] for row in rows] == names
    assert [row["verify"] or row["hash"] for row in rows] == [None] * len(names)
    await verified(admin, "records")
    assert len((await projection(admin, "records"))["hash"]) == 64


async def test_replays_are_for_admins_and_run_one_at_a_time(stack: Stack, admin: Client) -> None:
    await admin.define(entity("item", text("name")))
    user = await admin.user("ann@example.com", ["sales"])
    path = "/_admin/projections"
    for reply in (await user.get(path), await user.post(f"{path}/records/verify")):
        assert reply.expect(403).code == "FORBIDDEN"
    (await admin.post(f"{path}/nope/verify")).expect(404)
    (await admin.get(f"{path}/records/replays/nope")).expect(404)
    (await admin.get(f"{path}/records/replays/00000000-0000-4000-8000-000000000000")).expect(404)
    for body, status in (({"only": 1}, 422), ({"all": True}, 422), ([], 400)):
        (await admin.post(f"{path}/records/verify", body)).expect(status)
    assert (await admin.post(f"{path}/log/rebuild")).expect(422).code == "INVALID_STATE"
    assert (await admin.post(f"{path}/notify/rebuild")).expect(422).code == "INVALID_STATE"
    async with app_connection(stack, admin) as connection, connection.transaction():
        # What is looked at is kept from it, so that the first one can't have ended before the last is asked for.
        await connection.execute("LOCK TABLE records.items IN ACCESS EXCLUSIVE MODE")
        replies = await asyncio.gather(*(admin.post(f"{path}/records/verify") for _ in range(4)))
    assert sorted(reply.status for reply in replies) == [202, 409, 409, 409]
