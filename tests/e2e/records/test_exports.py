"""`_export`: a list as one streamed file."""

from __future__ import annotations

import asyncio
import csv
import io
import zipfile
from datetime import date, datetime
from typing import Any

import aiohttp
import asyncpg
import orjson
import pytest
from python_calamine import CalamineWorkbook

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.app_database import app_row, sibling
from tests.support.client import Client, entity, integer, text
from tests.support.locks import holding
from tests.support.relations import allow, define_shop, make, reference, relation, where

THING = entity(
    "thing", text("name"), integer("size"), {"name": "price", "type": "decimal", "precision": 2},
    {"name": "done", "type": "boolean"}, {"name": "day", "type": "date"}, {"name": "at", "type": "timestamp"},
    {"name": "data", "type": "json"}, soft_delete=True,
)  # fmt: skip
ROW = {"name": 'a "b",\r\n😀', "size": -1, "price": 1.5, "done": True, "day": "2026-01-02",
       "at": "2026-01-02T03:04:05+00:00", "data": {"k": ["v"]}}  # fmt: skip


async def exported(caller: Client, path: str, status: int = 200) -> tuple[bytes, Any]:
    """Bytes and headers of an export."""
    headers = {"Authorization": f"Bearer {caller.token}"}
    async with caller.session.get(caller.url + caller.prefix + path, headers=headers) as response:
        body = await response.read()
        assert response.status == status, body
        return body, response.headers


@pytest.fixture(scope="module")
async def things(common_admin: Client) -> Client:
    """The admin of an app with things that are only looked at."""
    return await with_things(common_admin)


async def with_things(admin: Client) -> Client:
    await admin.define(THING)
    await make(admin, "thing", **ROW)
    await make(admin, "thing", name="", size=2)
    await make(admin, "thing", size=3)
    gone = await make(admin, "thing", size=4)
    (await admin.delete(f"/thing/{gone['id']}")).expect(200)
    return admin


async def test_json_equals_the_list_response(things: Client) -> None:
    for wanted in ("?format=json&", "?"):
        body, headers = await exported(things, f"/thing/_export{wanted}sort=size")
        assert orjson.loads(body) == {"data": (await things.get("/thing?sort=size")).data}
        assert headers["Content-Type"] == "application/json"
        assert "attachment" in headers["Content-Disposition"] and "thing.json" in headers["Content-Disposition"]
        assert headers["X-Trace-ID"]


async def test_ndjson_has_a_record_per_line(things: Client) -> None:
    body, headers = await exported(things, "/thing/_export?format=ndjson&sort=-size")
    assert body.endswith(b"\n")
    assert [orjson.loads(line) for line in body.splitlines()] == (await things.get("/thing?sort=-size")).data
    assert headers["Content-Type"] == "application/x-ndjson" and "thing.ndjson" in headers["Content-Disposition"]


async def test_csv_has_a_header_and_quotes(things: Client) -> None:
    body, headers = await exported(things, "/thing/_export?format=csv&sort=size")
    assert headers["Content-Type"].startswith("text/csv; charset=utf-8")
    first, second, third = (await things.get("/thing?sort=size")).data
    lines = list(csv.reader(io.StringIO(body.decode(), newline="")))
    assert lines[0] == ["id", "name", "size", "price", "done", "day", "at", "data"]
    assert lines[1] == [first["id"], ROW["name"], "-1", "1.50", "true", "2026-01-02", ROW["at"], '{"k": ["v"]}']
    assert [line[0] for line in lines[1:]] == [first["id"], second["id"], third["id"]]
    assert body.split(b"\r\n")[-3] == second["id"].encode() + b',"",2,,,,,'
    assert body.split(b"\r\n")[-2] == third["id"].encode() + b",,3,,,,,"
    assert body.endswith(b"\r\n")


async def test_csv_defuses_formulas(admin: Client) -> None:
    dangerous = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＋1", "－1", "＠SUM(A1)"]
    await admin.define(entity("thing", text("name"), integer("size")))
    for size, name in enumerate(dangerous, -len(dangerous)):
        await make(admin, "thing", name=name, size=size)
    body, _ = await exported(admin, "/thing/_export?format=csv&fields=name,size&sort=size")
    _, *lines = csv.reader(io.StringIO(body.decode(), newline=""))
    assert lines == [["'" + name, str(size)] for size, name in enumerate(dangerous, -len(dangerous))]
    exact, _ = await exported(admin, "/thing/_export?format=ndjson&fields=name&sort=size")
    assert [orjson.loads(line) for line in exact.splitlines()] == [{"name": name} for name in dangerous]


async def test_a_workbook_has_typed_cells_and_no_formulas(admin: Client) -> None:
    fields = [integer("n"), {"name": "big", "type": "bigint"}, {"name": "exact", "type": "decimal"}]
    await admin.define({**THING, "fields": [*THING["fields"], *fields]})
    await make(admin, "thing", **{**ROW, "name": "=1+1"}, n=1, big=2**62 + 1, exact="0.12345678901234567890")
    await make(admin, "thing", name="x" * 40_000, n=2, big=2**40, exact="1.25", day="1850-05-05")
    body, headers = await exported(admin, "/thing/_export?format=xlsx&sort=n")
    assert headers["Content-Type"].endswith("spreadsheetml.sheet") and "thing.xlsx" in headers["Content-Disposition"]
    names, first, second = CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_index(0).to_python()
    assert names == ["id", *ROW, "n", "big", "exact"]
    row = dict(zip(names, first, strict=True))
    assert (row["name"], row["size"], row["price"], row["done"]) == ("=1+1", -1, 1.5, True)
    assert (row["day"], row["at"]) == (date(2026, 1, 2), datetime(2026, 1, 2, 3, 4, 5))  # noqa: DTZ001
    assert (row["big"], row["exact"], row["data"]) == (str(2**62 + 1), "0.12345678901234567890", '{"k": ["v"]}')
    row = dict(zip(names, second, strict=True))
    assert (row["big"], row["exact"], row["day"], row["done"]) == (2**40, 1.25, "1850-05-05", "")
    name = str(row["name"])
    assert len(name) == 32_767 and name.endswith("[cut: a cell holds 32,767 characters]")
    with zipfile.ZipFile(io.BytesIO(body)) as book:
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")
    empty, _ = await exported(admin, "/thing/_export?format=xlsx&filter[n]=99&fields=n,name")
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(empty)).get_sheet_by_index(0)
    assert sheet.to_python() == [["n", "name"]]


async def test_an_export_of_no_records(things: Client) -> None:
    query = "filter[size]=99"
    assert (await exported(things, f"/thing/_export?format=json&{query}"))[0] == b'{"data":[]}'
    assert (await exported(things, f"/thing/_export?format=ndjson&{query}"))[0] == b""
    assert (await exported(things, f"/thing/_export?format=csv&{query}&fields=size"))[0] == b"size\r\n"


async def test_list_parameters_apply_to_exports(admin: Client) -> None:
    await define_shop(admin)
    ann = await make(admin, "customer", name="Ann")
    orders = [await make(admin, "order", title=title, customer_id=ann["id"]) for title in "ab"]
    item = await make(admin, "item", sku="x", order_id=orders[0]["id"])
    body, _ = await exported(admin, "/order/_export?filter[customer.name]=Ann&q=A&include=customer,items")
    assert orjson.loads(body)["data"] == [{**orders[0], "customer": ann, "items": [item]}]
    body, _ = await exported(admin, "/order/_export?format=csv&fields=title&include=customer&sort=-title")
    lines = list(csv.reader(io.StringIO(body.decode())))
    assert lines[0] == ["title", "customer"]
    assert [(line[0], orjson.loads(line[1])) for line in lines[1:]] == [("b", ann), ("a", ann)]
    changed = await admin.put(f"/order/{orders[1]['id']}", {"title": "c"})
    before = int(changed.headers["X-Commit"]) - 1
    body, _ = await exported(admin, f"/order/_export?format=ndjson&fields=title&sort=title&as_of={before}")
    assert body == b'{"title":"a"}\n{"title":"b"}\n'
    body, _ = await exported(admin, "/order/_export?format=ndjson&fields=title&page=2&per_page=1&sort=title")
    assert body == b'{"title":"a"}\n{"title":"c"}\n'


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("format=xml", "INVALID_PAYLOAD"), ("filter[nope]=1", "UNKNOWN_FIELD"), ("sort=nope", "UNKNOWN_FIELD"),
        ("include=nope", "UNKNOWN_FIELD"), ("fields=nope", "UNKNOWN_FIELD"), ("as_of=x", "INVALID_PAYLOAD"),
        ("filter[size]=x", "INVALID_PAYLOAD"),
    ],
)  # fmt: skip
async def test_invalid_exports_are_refused(things: Client, query: str, code: str) -> None:
    assert (await things.get(f"/thing/_export?{query}")).expect(400).code == code


async def test_only_readable_records_are_exported(admin: Client) -> None:
    things = await with_things(admin)
    sales = await things.user("sales@example.com", ["sales"])
    assert (await sales.get("/thing/_export")).expect(403).code == "FORBIDDEN"
    assert (await things.get("/nope/_export")).expect(404).code == "UNKNOWN_ENTITY"
    await allow(things, "thing", where("size", 3))
    body, _ = await exported(sales, "/thing/_export?fields=size")
    assert body == b'{"data":[{"size":3}]}'


ROWS = 40_000
FILL = f"""
INSERT INTO records.things (id, name, size, _version)
SELECT gen_random_uuid(), repeat('x', 500), n, 1 FROM generate_series(1, {ROWS}) n
"""


async def _filled(stack: Stack, admin: Client) -> asyncpg.Connection:
    """Many records, more than sockets and buffers take; the connection they were made by."""
    await admin.define(entity("thing", text("name"), integer("size")))
    connection = await asyncpg.connect(sibling(stack.database_url, (await app_row(stack, admin))["database"]))
    await connection.execute(FILL)
    return connection


async def test_many_records_are_exported_in_order(stack: Stack, admin: Client) -> None:
    connection = await _filled(stack, admin)
    await connection.close()
    body, headers = await exported(admin, "/thing/_export?format=ndjson&sort=size")
    assert [orjson.loads(line)["size"] for line in body.splitlines()] == list(range(1, ROWS + 1))
    assert headers.get("Transfer-Encoding") == "chunked"


OPEN = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND state = 'idle in transaction' AND usename = 'rocket_data'
"""


async def test_a_disconnected_client_closes_the_cursor(stack: Stack, admin: Client) -> None:
    connection = await _filled(stack, admin)
    headers = {"Authorization": f"Bearer {admin.token}"}

    async def open_cursor() -> bool:
        return bool(await connection.fetchval(OPEN) == 1)

    try:
        async with aiohttp.ClientSession() as session:
            response = await session.get(admin.url + admin.prefix + "/thing/_export?format=ndjson", headers=headers)
            assert await response.content.read(1)
            await eventually(open_cursor)
            response.close()

        async def closed() -> bool:
            return bool(await connection.fetchval(OPEN) == 0)

        await eventually(closed)
    finally:
        await connection.close()


KILL = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND state = 'idle in transaction' AND usename = 'rocket_data'
"""


async def test_an_incomplete_export_is_recognizable(stack: Stack, admin: Client) -> None:
    connection = await _filled(stack, admin)
    headers = {"Authorization": f"Bearer {admin.token}"}

    async def killed() -> bool:
        return bool(await connection.fetchval(KILL) == 1)

    try:
        async with aiohttp.ClientSession() as session:
            path = admin.url + admin.prefix + "/thing/_export?format=ndjson"
            async with session.get(path, headers=headers) as response:
                assert await response.content.read(1)
                await eventually(killed)
                with pytest.raises(aiohttp.ClientError):
                    await response.read()
    finally:
        await connection.close()
    (await admin.get("/thing?per_page=1")).expect(200)


async def test_an_export_is_one_snapshot(stack: Stack, admin: Client) -> None:
    connection = await _filled(stack, admin)
    headers = {"Authorization": f"Bearer {admin.token}"}
    try:
        async with aiohttp.ClientSession() as session:
            path = admin.url + admin.prefix + "/thing/_export?format=ndjson&sort=size"
            async with session.get(path, headers=headers) as response:
                begun = await response.content.read(1)
                await connection.execute("UPDATE records.things SET name = 'changed'")
                body = begun + await response.read()
        assert len(body.splitlines()) == ROWS and b"changed" not in body
    finally:
        await connection.close()


BIGGER = entity("thing", text("name"), {"name": "size", "type": "bigint"})


@pytest.mark.parametrize("path", ["/thing/_export", "/owner/_export?include=things"])
async def test_an_export_after_a_type_change_has_all_records(stack: Stack, admin: Client, path: str) -> None:
    await admin.define(entity("thing", text("name"), integer("size"), reference("owner_id")))
    await admin.define(entity("owner", text("name")))
    belongs = relation("things", "one_to_many", "owner", "thing", target_key="owner_id")
    await admin.define(belongs, "relations")
    owner = await make(admin, "owner", name="a")
    (await admin.post("/thing/_bulk", [{"size": n, "owner_id": owner["id"]} for n in range(20)])).expect(201)
    expected = (await admin.get(path)).expect(200).data
    bigger = {**BIGGER, "fields": [*BIGGER["fields"], reference("owner_id")]}
    database = (await app_row(stack, admin))["database"]
    async with holding(stack, database, "LOCK TABLE records.things IN ACCESS SHARE MODE") as held_up:
        # The change waits for us, to rewrite the table, and the readers wait for it.
        change = asyncio.create_task(admin.put("/_admin/entities/thing", bigger))
        await held_up()
        export = asyncio.create_task(admin.get(path))
        listed = asyncio.create_task(admin.get("/thing?per_page=1"))
        await held_up(3, export, listed)
    (await change).expect(200)
    assert (await listed).expect(200).meta["total"] == 20
    assert sorted(map(str, (await export).expect(200).data)) == sorted(map(str, expected))
