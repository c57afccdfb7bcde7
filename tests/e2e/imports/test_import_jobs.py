"""Import jobs from the request to the stored records: formats, mapping, refusals, upserts, undo."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from typing import Any

import pytest
import xlsxwriter

from tests.support.client import Client, entity, integer, text
from tests.support.imports import ended, imported, refusals, send, send_form
from tests.support.relations import reference

SUPPLIER = entity(
    "supplier",
    text("number", required=True, unique=True),
    text("name", required=True),
    {"name": "since", "type": "date"},
    {"name": "balance", "type": "decimal", "precision": 2},
    {"name": "active", "type": "boolean", "default": True},
    integer("rating"),
)
ORDER = entity("purchase", text("title"), reference("supplier_id"))
ORDERS = {
    "name": "purchases",
    "type": "one_to_many",
    "source": "supplier",
    "target": "purchase",
    "target_key": "supplier_id",
}


@pytest.fixture
async def suppliers(admin: Client) -> Client:
    await admin.define(SUPPLIER)
    return admin


def table(*rows: tuple[Any, ...]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


async def test_a_csv_file_is_imported_and_refused_rows_can_be_corrected(suppliers: Client) -> None:
    rows: list[tuple[Any, ...]] = [(f"S-{n}", f"Supplier {n}", "2021-04-01", f"{n}.50", "yes", n) for n in range(2500)]
    rows[7] = ("S-7", "", "2021-13-01", "1", "perhaps", 1)
    rows[1800] = ("S-5", "the same number", "", "", "", "")
    reply = await send(suppliers, "supplier", table(("Number", "name", "since", "balance", "active", "rating"), *rows))
    job = reply.expect(202).data
    assert reply.headers["Location"] == f"{suppliers.prefix}/supplier/_imports/{job['id']}"
    assert job["status"] in ("queued", "running") and job["mapping"]["Number"] == "number"
    done = await ended(suppliers, job)
    figures = {name: done[name] for name in ("status", "rows", "done", "created", "updated", "refused", "error")}
    assert figures == {
        "status": "done", "rows": 2500, "done": 2500, "created": 2498, "updated": 0, "refused": 2, "error": None,
    }  # fmt: skip
    refused = await refusals(suppliers, done)
    assert [row["_row"] for row in refused] == ["9", "1802"]
    assert refused[0]["Number"] == "S-7" and "name is required" in refused[0]["_reasons"]
    assert "since" in refused[0]["_reasons"] and "active" in refused[0]["_reasons"]
    assert "number is taken" in refused[1]["_reasons"]
    page = (await suppliers.get(f"/supplier/_imports/{done['id']}/errors?format=json&per_page=1")).expect(200)
    assert page.meta["total"] == 2 and page.data[0]["row"] == 9
    assert {reason["field"] for reason in page.data[0]["reasons"]} == {"name", "since", "active"}
    (record,) = (await suppliers.get("/supplier?filter[number]=S-12")).data
    assert (record["balance"], record["active"], record["since"]) == (12.5, True, "2021-04-01")
    corrected = [{**refused[0], "name": "Seven", "since": "2021-12-01", "active": "no"}]
    again = table(tuple(corrected[0]), *(tuple(row.values()) for row in corrected))
    assert (await imported(suppliers, "supplier", again))["created"] == 1
    history = (await suppliers.get(f"/supplier/{record['id']}/history")).data
    assert history[0]["cause"] == f"import:{done['id']}"
    listed = (await suppliers.get("/supplier/_imports?status=done&kind=import")).expect(200)
    assert [row["rows"] for row in listed.data] == [1, 2500] and listed.meta["total"] == 2


def workbook(*rows: tuple[Any, ...], sheet: str = "Data") -> bytes:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True, "default_date_format": "dd.mm.yyyy"})
    book.add_worksheet("Cover").write(0, 0, "not this one")
    page = book.add_worksheet(sheet)
    for number, row in enumerate(rows):
        page.write_row(number, 0, row)
    book.close()
    return file.getvalue()


async def test_every_format_brings_the_same_records(suppliers: Client) -> None:
    columns = ("number", "name", "since", "balance", "active")
    values = ('Ärger, Wein & "Söhne"', "2024-02-29", "1234.50", False)
    expected = {"name": values[0], "since": "2024-02-29", "balance": 1234.5, "active": False}
    quoted = values[0].replace('"', '""')
    german = f'number;name;since;balance;active\r\nW-1;"{quoted}";29.02.2024;1.234,50;nein\r\n'
    tabbed = f'number\tname\tsince\tbalance\tactive\nT-1\t"{quoted}"\t2024-02-29\t1,234.50\t0\n'
    objects = [{"number": "J-1", "name": values[0], "since": "2024-02-29", "balance": 1234.5, "active": False}]
    book = workbook(columns, ("X-1", values[0], date(2024, 2, 29), 1234.5, False))
    files = {
        "C-1": (table(columns, ("C-1", *values)), "a.csv", "text/csv", {}),
        "W-1": (german.encode("cp1252"), "b.csv", None, {"decimal": ",", "dates": "dmy"}),
        "U-1": (german.replace("W-1", "U-1").encode("utf-16"), "c.txt", "text/csv", {"decimal": ",", "dates": "dmy"}),
        "T-1": (("\ufeff" + tabbed).encode(), "d.tsv", "text/tab-separated-values", {}),
        "J-1": (json.dumps({"data": objects}).encode(), "e.json", "application/json", {}),
        "N-1": (json.dumps({**objects[0], "number": "N-1"}).encode(), "f", "application/x-ndjson", {}),
        "X-1": (book, "g.csv", "application/octet-stream", {"sheet": "Data"}),
    }  # fmt: skip
    for number, (body, name, kind, options) in files.items():
        job = (await send_form(suppliers, "supplier", body, name, kind, **options)).expect(202).data
        done = await ended(suppliers, job)
        assert (number, done["status"], done["created"]) == (number, "done", 1), await refusals(suppliers, done)
        (record,) = (await suppliers.get(f"/supplier?filter[number]={number}")).data
        assert {name: record[name] for name in expected} == expected, number


async def test_a_key_updates_and_a_mapping_finds_references(suppliers: Client) -> None:
    await suppliers.define(ORDER)
    await suppliers.define(ORDERS, "relations")
    first = await imported(suppliers, "supplier", table(("number", "name", "rating"), ("A", "Ada", 1), ("B", "Bob", 2)))
    assert first["created"] == 2
    again = table(("number", "name", "rating"), ("A", "Ada L.", ""), ("C", "Cid", 3), ("A", "again", 5))
    done = await imported(suppliers, "supplier", again, key="number")
    assert (done["created"], done["updated"], done["refused"]) == (1, 1, 1)
    assert (await refusals(suppliers, done))[0]["_reasons"] == "number is that of row 2 again"
    (ada,) = (await suppliers.get("/supplier?filter[number]=A")).data
    assert (ada["name"], ada["rating"]) == ("Ada L.", 1)
    nulled = await imported(suppliers, "supplier", again, key="number", empty="null")
    assert nulled["updated"] == 2 and (await suppliers.get(f"/supplier/{ada['id']}")).data["rating"] is None
    mapping = {"Supplier": {"field": "supplier_id", "by": "number"}, "Comment": None}
    orders = table(("Title", "Supplier", "Comment"), ("pens", "A", "x"), ("ink", "Z", "y"))
    done = await imported(suppliers, "purchase", orders, mapping=mapping)
    assert (done["created"], done["refused"]) == (1, 1)
    assert "supplier_id refers to no supplier by number" in (await refusals(suppliers, done))[0]["_reasons"]
    assert (await suppliers.get("/purchase")).data[0]["supplier_id"] == ada["id"]


async def test_a_dry_run_stores_nothing_and_an_undo_takes_everything_back(suppliers: Client) -> None:
    rows = [(f"S-{n}", f"Supplier {n}") for n in range(2100)]
    rows[2050] = ("S-3", "twice")
    body = table(("number", "name"), *rows)
    dry = await imported(suppliers, "supplier", body, dry_run=True)
    assert (dry["created"], dry["refused"], dry["dry_run"]) == (2099, 1, True)
    assert (await suppliers.get("/supplier")).meta["total"] == 0
    assert (await suppliers.post(f"/supplier/_imports/{dry['id']}/undo")).status == 422
    done = await imported(suppliers, "supplier", body)
    assert (done["created"], done["refused"]) == (2099, 1)
    undo = (await suppliers.post(f"/supplier/_imports/{done['id']}/undo")).expect(202).data
    assert (undo["kind"], undo["undoes"], undo["rows"]) == ("undo", done["id"], 2099)
    undone = await ended(suppliers, undo)
    assert (undone["status"], undone["done"]) == ("done", 2099), undone
    assert (await suppliers.get("/supplier")).meta["total"] == 0
    left = (await suppliers.get(f"/supplier/_imports/{done['id']}")).data
    assert (left["undone"], left["undo_id"]) == (2099, undo["id"])
    assert (await suppliers.post(f"/supplier/_imports/{done['id']}/undo")).expect(202).data["id"] == undo["id"]
    assert (await suppliers.post(f"/supplier/_imports/{done['id']}/resume")).code == "INVALID_STATE"
