"""Imports from files: what a file holds, where it goes, a trial, the job, its refused rows, and its undo."""

from __future__ import annotations

import io

import pytest
import xlsxwriter
from playwright.async_api import FilePayload, Page, expect

from tests.browser.conftest import Opened
from tests.support.client import Client, entity, text

SUPPLIERS = "Number;Company name;Balance;Since;Weather\nS-1;Müller;1.234,50;31.01.2026;fine\nS-2;;7,00;01.02.2026;\n"


@pytest.fixture
async def suppliers(admin: Client) -> Client:
    fields = (
        text("number", required=True, unique=True),
        text("name", required=True),
        {"name": "balance", "type": "decimal", "precision": 2},
        {"name": "since", "type": "date"},
    )
    await admin.define(entity("supplier", *fields))
    return admin


def _file(name: str, content: bytes) -> FilePayload:
    return {"name": name, "mimeType": "text/csv", "buffer": content}


def _workbook(text: str) -> bytes:
    """A workbook with the cells of a text."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as book:
        sheet = book.add_worksheet()
        for number, line in enumerate(text.splitlines()):
            sheet.write_row(number, 0, line.split(";"))
    return content.getvalue()


async def _choose(page: Page, file: FilePayload) -> None:
    await page.locator("input[type=file]").set_input_files(file)
    await expect(page.get_by_role("table", name="Columns and fields")).to_be_visible()


async def test_a_file_is_mapped_tried_imported_mended_and_taken_back(suppliers: Client, person: Opened) -> None:
    rule = {
        "name": "new supplier", "entity": "supplier", "hook": "after_create", "channel": "in_app",
        "recipients": [{"role": "admin"}], "tell_actor": True, "template": {"subject": "New", "body": "New"},
    }  # fmt: skip
    await suppliers.define(rule, "notification-rules")
    someone = await person()
    page = someone.page
    await someone.go("/records/supplier")
    await page.get_by_role("link", name="Import", exact=True).click()
    await _choose(page, _file("suppliers.csv", SUPPLIERS.encode("windows-1252")))

    # The server has found out how the file is read; columns are mapped by names, types and values.
    await expect(page.get_by_role("combobox", name="Encoding")).to_have_value("windows-1252")
    await expect(page.get_by_role("row", name="Company name")).to_contain_text("Müller")
    for column, field in (("Number", "number"), ("Company name", "name"), ("Balance", "balance"), ("Weather", "")):
        await expect(page.get_by_role("combobox", name=f"Field for {column}")).to_have_value(field)
    await expect(page.get_by_role("combobox", name="Numbers")).to_have_value("1.234,50")
    await someone.choose("Update records with the same", "number")
    await someone.button("Save this mapping").click()
    await page.get_by_role("textbox", name="Name", exact=True).fill("from the old system")
    await someone.button("Save").click()
    await expect(page.get_by_text("The mapping is saved")).to_be_visible()

    await someone.button("Try on the server").click()
    trial = page.get_by_role("region", name="What the import would do")
    await expect(trial.get_by_text("Nothing is stored yet.")).to_be_visible()
    await expect(trial.get_by_text("1 × notification new supplier")).to_be_visible()
    await expect(trial.get_by_role("row", name="S-2")).to_contain_text("name")
    assert (await suppliers.get("/supplier")).meta["total"] == 0

    await someone.button("Start the import").click()
    await expect(someone.heading("suppliers.csv")).to_be_visible()
    await expect(page.get_by_text("done", exact=True)).to_be_visible()
    await expect(page.get_by_text("2 of 2 rows")).to_be_visible()
    first = (await suppliers.get("/supplier")).data
    assert [(row["number"], str(row["balance"]), row["since"]) for row in first] == [("S-1", "1234.5", "2026-01-31")]

    # The refused row is mended in place, and imported as the others were.
    await page.get_by_role("textbox", name="Company name of row 3").fill("Acme")
    await someone.button("Import this row again").click()
    await expect(page.get_by_text("1 of 1 rows")).to_be_visible()
    assert {row["name"] for row in (await suppliers.get("/supplier")).data} == {"Müller", "Acme"}

    # Both stand in the list of imports; the first one is taken back as a whole.
    await page.get_by_role("link", name="Import into supplier").click()
    await page.get_by_role("table", name="Earlier imports").get_by_role("link", name="suppliers.csv").nth(1).click()
    await someone.button("Undo the import").click()
    await page.get_by_role("dialog").get_by_role("button", name="Undo the import").click()
    await expect(page.get_by_text("rows taken back")).to_be_visible()
    await expect(page.get_by_text("done", exact=True)).to_be_visible()
    assert {row["name"] for row in (await suppliers.get("/supplier")).data} == {"Acme"}

    # A workbook with the same columns finds the mapping that was kept.
    await someone.go("/imports/supplier")
    await _choose(page, _file("next.xlsx", _workbook(SUPPLIERS)))
    await expect(page.get_by_role("row", name="Company name")).to_contain_text("Müller")
    await expect(page.get_by_role("combobox", name="Saved mappings")).to_have_value("from the old system")
    await expect(page.get_by_role("combobox", name="Update records with the same")).to_have_value("number")


async def test_an_import_is_cancelled_found_again_and_goes_on_and_a_broken_file_is_no_success(
    suppliers: Client, person: Opened
) -> None:
    rows = "".join(f"S-{n},Supplier {n}\n" for n in range(8_000))
    someone = await person()
    page = someone.page
    await someone.go("/imports/supplier")
    await _choose(page, _file("many.csv", f"number,name\n{rows}".encode()))
    await someone.button("Start the import").click()
    await someone.button("Cancel").click()
    await expect(page.get_by_text("cancelled", exact=True)).to_be_visible()
    stored = (await suppliers.get("/supplier?per_page=1")).meta["total"]
    assert stored < 8_000
    await page.reload()
    await expect(page.get_by_text("cancelled", exact=True)).to_be_visible()
    await someone.button("Go on").click()
    await expect(page.get_by_text("8,000 of 8,000 rows")).to_be_visible(timeout=60_000)
    await expect(page.get_by_text("done", exact=True)).to_be_visible()
    assert (await suppliers.get("/supplier?per_page=1")).meta["total"] == 8_000

    await someone.go("/imports/supplier")
    broken = f'number,name\n{rows[:60_000].rpartition(chr(10))[0]}\nT-3,"never closed\n'
    await _choose(page, _file("broken.csv", broken.encode()))
    await someone.button("Start the import").click()
    await expect(page.get_by_text("failed", exact=True)).to_be_visible()
    await expect(page.get_by_role("alert")).to_be_visible()
    assert (await suppliers.get("/supplier?per_page=1")).meta["total"] == 8_000
