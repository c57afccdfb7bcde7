"""Who may import what, and sees which jobs; files that are no tables or mean harm."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from tests.support.client import Client, entity, integer, text
from tests.support.imports import ended, imported, refusals, send, send_form
from tests.support.relations import reference

PERSON = entity(
    "person", text("number", unique=True), text("name", required=True), integer("salary"), reference("boss_id"),
    text("secret"),
)  # fmt: skip
BOSS = {"name": "staff", "type": "one_to_many", "source": "person", "target": "person", "target_key": "boss_id"}


@pytest.fixture
async def people(admin: Client) -> Client:
    await admin.define(PERSON)
    await admin.define(BOSS, "relations")
    return admin


async def test_rights_on_entity_fields_and_records_hold_for_every_row(people: Client) -> None:
    reader = await people.user("reader@example.com", ["reader"])
    clerk = await people.user("clerk@example.com", ["clerk"])
    await people.grant("person", "read", "reader")
    await people.grant("person", "create", "clerk", fields={"exclude": ["salary", "secret"]})
    low = [{"field": "number", "operator": "neq", "value": "H"}]
    await people.grant("person", "read", "clerk", fields={"exclude": ["secret"]}, conditions=low)
    own = [{"field": "name", "operator": "eq", "value": "Ada"}]
    await people.grant("person", "update", "clerk", fields={"exclude": ["salary", "secret"]}, conditions=own)
    assert (await send(reader, "person", b"name\nx\n")).code == "FORBIDDEN"
    assert (await send(clerk, "person", b"name,salary\nx,1\n")).expect(403).details[0]["field"] == "salary"
    unknown = (await send(clerk, "person", b"name,secret\nx,1\n")).expect(422).details
    assert (unknown[0]["field"], unknown[0]["rule"]) == ("mapping.secret", "unmapped")
    first = [{"number": n, "name": name} for n, name in (("A", "Ada"), ("B", "Bob"), ("H", "Hid"))]
    (await people.post("/person/_bulk", first)).expect(201)
    body = b"number,name\nA,Ada\nB,Bert\nH,Heinz\nN,New\n"
    done = await imported(clerk, "person", body, key="number")
    assert (done["created"], done["updated"], done["refused"]) == (1, 1, 2), done
    reasons = {row["number"]: row["_reasons"] for row in await refusals(clerk, done)}
    assert reasons == {"B": "You may not change this person", "H": "number is taken"}
    for path in ("", "/errors"):
        assert (await reader.get(f"/person/_imports/{done['id']}{path}")).status == 404
        assert (await people.get(f"/person/_imports/{done['id']}{path or '/errors?format=json'}")).status == 200
    for act in ("cancel", "resume", "undo"):
        assert (await reader.post(f"/person/_imports/{done['id']}/{act}")).status == 404
    assert (await reader.get("/person/_imports")).data == [] != (await people.get("/person/_imports")).data
    assert (await people.get("/person/_imports/nonsense")).status == 404
    assert (await people.get("/nobody/_imports")).code == "UNKNOWN_ENTITY"


async def test_a_job_acts_with_the_rights_of_the_moment(people: Client) -> None:
    clerk = await people.user("clerk@example.com", ["clerk"])
    policy = await people.grant("person", "create", "clerk")
    job = (await send(clerk, "person", b"name\n" + b"x\n" * 20_000)).expect(202).data
    (await people.delete(f"/_admin/permissions/{policy}")).expect(200)
    failed = await ended(people, job)
    assert (failed["status"], failed["error"]["code"]) == ("failed", "FORBIDDEN"), failed
    written = (await people.get("/person")).meta["total"]
    assert written == failed["done"] == failed["created"]
    await people.grant("person", "create", "clerk")
    assert (await people.post(f"/person/_imports/{job['id']}/resume")).expect(202).data["done"] == written
    assert (await ended(people, job))["created"] == 20_000
    (user,) = [row for row in (await people.get("/_admin/users")).data if row["email"] == "clerk@example.com"]
    second = (await send(clerk, "person", b"name\n" + b"x\n" * 20_000)).expect(202).data
    (await people.put(f"/_admin/users/{user['id']}", {**user, "active": False})).expect(200)
    failed = await ended(people, second)
    assert failed["status"] == "failed" and "not an active user" in failed["error"]["message"]
    third = (await send(people, "person", b"name\n" + b"x\n" * 20_000)).expect(202).data
    (await people.post(f"/person/_imports/{third['id']}/cancel")).expect(200)
    cancelled = await ended(people, third)
    assert cancelled["status"] == "cancelled" and cancelled["done"] < 20_000
    assert (await people.post(f"/person/_imports/{third['id']}/cancel")).code == "INVALID_STATE"
    async with people.session.get(f"{people.url}/metrics") as response:
        assert "rocket_imported_rows_total" in await response.text()


async def test_rows_may_refer_to_earlier_rows_of_the_file(people: Client) -> None:
    lines = ["number,name,boss", "1,top,", *(f"{n},p{n},{n // 2}" for n in range(2, 60)), "x,y,nobody"]
    mapping = {"boss": {"field": "boss_id", "by": "number"}}
    dry = await imported(people, "person", "\n".join(lines).encode(), mapping=mapping, dry_run=True)
    assert (dry["created"], dry["refused"]) == (59, 1), await refusals(people, dry)
    done = await imported(people, "person", "\n".join(lines).encode(), mapping=mapping)
    assert (done["created"], done["refused"]) == (59, 1), await refusals(people, done)
    (leaf,) = (await people.get("/person?filter[number]=59&include=boss")).data
    assert (await people.get(f"/person/{leaf['boss_id']}")).data["number"] == "29"


def _archive(**parts: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize(
    ("body", "options", "status", "about"),
    [
        (b"", {}, 400, "empty"), (b"name\n", {}, 422, "no rows"), (b"\x00\x01\x02\xff" * 999, {}, 422, "NUL"),
        (b"name,name\na,b\n", {}, 422, "two columns"), (b"name,salry\na,1\n", {}, 422, "salary"),
        (b'name\n' + b"x\n" * 99 + b'"open', {}, 202, "quote"),
        (b"name\n\xff\xfe\n", {"encoding": "utf-8"}, 422, "UTF-8"),
        (_archive(a=b"x" * 99), {}, 422, "no .xlsx"), (b"name\na\n", {"mapping": {"nme": "name"}}, 422, "name"),
        (b"name\na\n", {"mapping": {"name": "nam"}}, 422, "`name`"), (b"name\na\n", {"key": "salary"}, 422, "unique"),
        (b"name\na\n", {"mapping": "[]"}, 400, "object"), (b"name\na\n", {"colour": "red"}, 400, "colour"),
        (b"name\na\n", {"timezone": "Mars"}, 422, "timezone"), (b"name\na\n", {"key": "number"}, 422, "no column"),
        (b"name\na\n", {"mapping": {"name": {"field": "name", "by": "x"}}}, 422, "refers to no"),
        (b"name\na\n", {"dry_run": "maybe"}, 400, "dry_run"), (b"name\na\n", {"dates": "ymd"}, 422, "dates"),
    ],
    ids=lambda value: str(value)[:20],
)  # fmt: skip
async def test_what_cant_be_imported_is_said_and_leaves_nothing(
    common_admin: Client, body: bytes, options: dict[str, Any], status: int, about: str
) -> None:
    if (await common_admin.get("/person")).status == 404:
        await common_admin.define(PERSON)
        await common_admin.define(BOSS, "relations")
    reply = (await send(common_admin, "person", body, **options)).expect(status)
    if status == 202:
        failed = await ended(common_admin, reply.data)
        assert failed["status"] == "failed" and about in failed["error"]["message"]
    else:
        said = reply.body["error"]
        assert about in said["message"] + str(said.get("details")), said
    assert (await common_admin.get("/person")).meta["total"] == 0
    assert (await common_admin.get("/_files")).data == []


async def test_options_are_given_once_and_a_request_is_repeatable(people: Client) -> None:
    form = await send_form(people, "person", b"name\na\n", "a.csv", None, dry_run="true", key="number")
    assert form.status == 422
    twice = await people.request("POST", "/person/_import?key=a&key=b", raw=b"name\na\n", Content_Type="text/csv")
    assert twice.code == "INVALID_PAYLOAD"
    path, body = "/person/_import", b"name\na\n"
    first, again = [
        await people.request("POST", path, raw=body, Content_Type="text/csv", Idempotency_Key="k-1") for _ in range(2)
    ]
    assert first.data["id"] == again.data["id"] and again.headers["Idempotency-Replayed"] == "true"
    other = await people.request("POST", path, raw=b"name\nb\n", Content_Type="text/csv", Idempotency_Key="k-1")
    assert other.code == "IDEMPOTENCY_KEY_REUSED"
    await ended(people, first.data)
    assert (await people.get("/person")).meta["total"] == 1
