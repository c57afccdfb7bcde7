"""Lists of records: cells edited in place, pages, saved views, and acts on many records."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import Locator, Route, expect

from tests.browser.conftest import Opened
from tests.browser.pages import Person
from tests.support.client import Client, entity, integer, text

DEAL = entity(
    "deal",
    text("title", required=True),
    text("stage", enum=["lead", "won"], default="lead"),
    integer("amount"),
    text("code", unique=True),
    {"name": "note", "type": "text"},
    soft_delete=True,
)
MANY = 250
"""More than two pages."""


@pytest.fixture
async def deals(admin: Client) -> Client:
    await admin.define(DEAL)
    rows = [{"title": f"Deal {n:03}", "amount": n, "code": f"C{n}"} for n in range(3)]
    (await admin.post("/deal/_bulk", rows)).expect(201)
    return admin


async def _open(someone: Person, path: str = "/records/deal?sort=title") -> None:
    await someone.go(path)
    await expect(someone.row("Deal 000")).to_be_visible()


def _cell(someone: Person, row: str, column: int) -> Locator:
    """A cell of the list; column 0 holds the checkbox."""
    return someone.row(row).get_by_role("gridcell").nth(column)


async def _edit(someone: Person, row: str, column: int, value: str) -> None:
    await _cell(someone, row, column).dblclick()
    editor = someone.row(row).locator(".rk-cell-input")
    if await editor.evaluate("element => element.tagName") == "SELECT":
        await editor.select_option(value)
    else:
        await editor.fill(value)
    await someone.page.keyboard.press("Enter")


async def test_cells_are_edited_in_place_and_saved_in_one_commit(deals: Client, person: Opened) -> None:
    someone = await person()
    page = someone.page
    await _open(someone)
    await _edit(someone, "Deal 000", 2, "won")
    await _edit(someone, "Deal 000", 3, "70")
    await _edit(someone, "Deal 001", 4, "C2")
    await expect(page.get_by_text("3 changes are not saved")).to_be_visible()

    # A change of somebody else in another field, and another order, take none of the edits away.
    record = (await deals.get("/deal?filter[code]=C0")).data[0]
    (await deals.put(f"/deal/{record['id']}", {"code": "C9"})).expect(200)
    await expect(_cell(someone, "Deal 000", 4)).to_have_text("C9")
    await page.get_by_role("columnheader", name="amount").get_by_role("button").click()
    await expect(_cell(someone, "Deal 000", 3)).to_have_text("70")

    # Leaving asks first.
    await page.get_by_role("navigation", name="Screens").get_by_role("link", name="My tasks").click()
    await page.get_by_role("dialog").get_by_role("button", name="Stay").click()
    await expect(someone.heading("deal")).to_be_visible()

    # One refusal holds everything back, and stands at its cell.
    await someone.button("Save all").click()
    review = page.get_by_role("dialog", name="3 changes")
    await expect(review.get_by_role("alert")).to_contain_text("Nothing was stored")
    await review.get_by_role("button", name="Go on editing").click()
    await expect(_cell(someone, "Deal 001", 4)).to_have_attribute("data-mark", "refused")
    assert (await deals.get(f"/deal/{record['id']}")).data["amount"] == 0

    await _edit(someone, "Deal 001", 4, "C7")
    await someone.button("Save all").click()
    await expect(page.get_by_text("3 changes are saved")).to_be_visible()
    rows = {row["title"]: row for row in (await deals.get("/deal")).data}
    assert (rows["Deal 000"]["stage"], rows["Deal 000"]["amount"]) == ("won", 70)
    assert rows["Deal 001"]["code"] == "C7"
    commits = {(await deals.get(f"/deal/{row['id']}/history")).data[0]["commit_id"] for row in rows.values()}
    assert len(commits) == 2


async def test_an_edit_that_meets_a_change_of_somebody_else_asks_before_it_is_saved(
    deals: Client, person: Opened
) -> None:
    someone = await person()
    page = someone.page
    await _open(someone)
    await _edit(someone, "Deal 000", 3, "70")
    await _edit(someone, "Deal 001", 3, "71")
    for title, amount in (("Deal 000", 500), ("Deal 001", 501)):
        record = (await deals.get(f"/deal?filter[title]={title}")).data[0]
        (await deals.put(f"/deal/{record['id']}", {"amount": amount})).expect(200)
    await expect(_cell(someone, "Deal 001", 3)).to_have_attribute("data-mark", "clash")
    await expect(_cell(someone, "Deal 000", 3)).to_have_text("70")
    await someone.button("Save all").click()
    review = page.get_by_role("dialog", name="2 changes")
    await review.get_by_role("radio", name="Theirs: 501").check()
    await review.get_by_role("button", name="Save all").click()
    await expect(page.get_by_text("changes are saved")).to_be_visible()
    amounts = {row["title"]: row["amount"] for row in (await deals.get("/deal")).data}
    assert amounts["Deal 000"] == 70
    assert amounts["Deal 001"] == 501


async def test_a_long_list_is_paged_to_its_end_and_back_keeps_the_place(deals: Client, person: Opened) -> None:
    rows = [{"title": f"Deal {n:03}", "stage": "lead", "code": f"C{n}"} for n in range(3, MANY)]
    (await deals.post("/deal/_bulk", rows)).expect(201)
    first = (await deals.get("/deal?filter[code]=C0")).data[0]["id"]
    (await deals.put(f"/deal/{first}", {"note": "x" * 200_000})).expect(200)
    someone = await person()
    page = someone.page

    # Rows do not wait for their number, and of a long value a list holds the beginning only.
    counted = asyncio.Event()

    async def late(route: Route) -> None:
        await counted.wait()
        await route.continue_()

    await page.route(re.compile("count=estimated"), late)
    await _open(someone)
    await expect(page.get_by_text(f"of {MANY} records")).to_have_count(0)
    counted.set()
    await expect(page.get_by_text(f"1–100 of {MANY} records")).to_be_visible()
    assert len(await someone.row("Deal 000").inner_text()) < 1_000
    await someone.button("Next page").click()
    await expect(someone.row("Deal 100")).to_be_visible()
    await expect(page.get_by_text("101–200 of")).to_be_visible()
    await someone.button("Last page").click()
    await expect(page.get_by_text("151–250 of")).to_be_visible()
    await page.get_by_role("grid").evaluate("grid => grid.scrollTo({top: grid.scrollHeight})")
    await expect(someone.row("Deal 249")).to_be_visible()
    assert await page.locator(".rk-row").count() <= 60

    # Back from a record leads to the same page, at the same rows.
    await someone.row("Deal 249").get_by_role("link").click()
    await expect(someone.heading("Deal 249")).to_be_visible()
    await page.go_back()
    await expect(page.get_by_text("151–250 of")).to_be_visible()
    await expect(someone.row("Deal 249")).to_be_visible()

    await someone.button("Previous page").click()
    await expect(page.get_by_text("51–150 of")).to_be_visible()
    await expect(someone.row("Deal 050")).to_be_visible()
    await someone.button("First page").click()
    await expect(someone.row("Deal 000")).to_be_visible()
    # Another order begins at its first page, and neither page nor order are forgotten by a reload.
    await page.get_by_role("columnheader", name="title").get_by_role("button").click()
    await expect(someone.row("Deal 249")).to_be_visible()
    await someone.button("Next page").click()
    await expect(someone.row("Deal 149")).to_be_visible()
    await page.reload()
    await expect(someone.row("Deal 149")).to_be_visible()


async def test_views_are_saved_opened_by_default_shared_and_deleted(deals: Client, person: Opened) -> None:
    await deals.grant("deal", "read", "clerk")
    await deals.user("ann@example.com", ["clerk"])
    someone = await person()
    page = someone.page
    await _open(someone, "/records/deal")
    await someone.button("Columns").click()
    await page.get_by_role("checkbox", name="stage").uncheck()
    await someone.button("Move amount forward").click()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("columnheader").nth(1)).to_contain_text("amount")
    await page.get_by_role("columnheader", name="amount").get_by_role("button").dblclick()
    await someone.button("Views").click()
    await page.get_by_role("menuitem", name="Save as a new view").click()
    await page.get_by_label("Name").fill("By amount")
    await someone.choose("Who sees it", "Everybody")
    await page.get_by_role("dialog").get_by_role("button", name="Save").click()
    await someone.button("By amount").click()
    await page.get_by_role("menuitem", name="Open the list with it").click()
    await expect(page.get_by_role("menuitem")).to_have_count(0)

    clerk = await person("ann@example.com", "secret-1")
    await _open(clerk, "/records/deal")
    await expect(clerk.button("By amount")).to_be_visible()
    await expect(clerk.page).to_have_url(re.compile("sort=-amount"))
    await expect(clerk.page.get_by_role("columnheader", name="stage")).to_have_count(0)
    await clerk.button("By amount").click()
    await expect(clerk.page.get_by_role("menuitem", name="Delete the view")).to_have_count(0)
    await clerk.page.get_by_role("menuitem", name="All records, no view").click()
    await expect(clerk.page.get_by_role("columnheader", name="stage")).to_be_visible()

    await someone.button("By amount").click()
    await page.get_by_role("menuitem", name="Delete the view").click()
    await expect(someone.button("Views")).to_be_visible()
    assert (await deals.get("/_views?entity=deal")).data == []


async def test_many_records_are_changed_deleted_and_restored_by_selection_or_by_filter(
    deals: Client, person: Opened
) -> None:
    rows = [{"title": f"Deal {n:03}", "stage": "lead", "code": f"C{n}"} for n in range(3, MANY)]
    (await deals.post("/deal/_bulk", rows)).expect(201)
    someone = await person()
    page = someone.page
    condition = '[{"field":"stage","op":"eq","value":"lead"}]'
    await _open(someone, f"/records/deal?sort=title&where={condition}")
    bar = page.get_by_role("region", name="Selected records")
    dialog = page.get_by_role("dialog")

    # A refusal of one record holds all back, and names it.
    await page.get_by_role("checkbox", name="Select Deal 000").check()
    await page.get_by_role("checkbox", name="Select Deal 001").check()
    await bar.get_by_role("button", name="Change 2").click()
    await someone.choose("Field to change", "amount")
    await dialog.get_by_role("textbox", name="amount").fill("many")
    await dialog.get_by_role("button", name="Change 2 records").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("Deal 000: amount")
    await dialog.get_by_role("textbox", name="amount").fill("9")
    await dialog.get_by_role("button", name="Change 2 records").click()
    await expect(page.get_by_text("2 records are changed")).to_be_visible()
    assert (await deals.get("/deal?filter[amount]=9")).meta["total"] == 2

    # All that match are as many as the screen says, or nothing happens.
    await page.get_by_role("checkbox", name="Select all on this page").check()
    await expect(bar.get_by_text("100 records are selected")).to_be_visible()
    await bar.get_by_role("button", name=f"Select all {MANY} that match the filter").click()
    await bar.get_by_role("button", name=f"Delete {MANY}").click()
    await expect(dialog).to_contain_text(f"Delete {MANY} records?")
    won = (await deals.get("/deal?filter[title]=Deal 200")).data[0]
    (await deals.put(f"/deal/{won['id']}", {"stage": "won"})).expect(200)
    await dialog.get_by_role("button", name="Delete").click()
    await expect(dialog.get_by_role("alert")).to_contain_text(f"Now {MANY - 1} records match")
    assert (await deals.get("/deal")).meta["total"] == MANY
    await expect(dialog).to_contain_text(f"Delete {MANY - 1} records?")
    await dialog.get_by_role("button", name="Delete").click()
    await expect(page.get_by_text(f"{MANY - 1} records are deleted")).to_be_visible()
    assert [row["title"] for row in (await deals.get("/deal")).data] == ["Deal 200"]

    # Why is it not here? And back from the trash.
    await someone.button("More about this list").click()
    await page.get_by_role("menuitem", name="Why is a record not here?").click()
    await someone.choose("Record", "Deal 200")
    await expect(dialog.get_by_role("status")).to_contain_text("stage is lead: it has won")
    await page.keyboard.press("Escape")
    await someone.button("More about this list").click()
    await page.get_by_role("menuitem", name="What has changed since?").click()
    await expect(dialog.get_by_text("Nothing has changed in this list.")).to_be_visible()
    await page.keyboard.press("Escape")
    await someone.button("Trash").click()
    await page.get_by_role("checkbox", name="Select all on this page").check()
    await bar.get_by_role("button", name=re.compile("Select all .* that match")).click()
    await bar.get_by_role("button", name=f"Restore {MANY - 1}").click()
    await dialog.get_by_role("button", name=f"Restore {MANY - 1}").click()
    await expect(page.get_by_text(f"{MANY - 1} records are restored")).to_be_visible()
    assert (await deals.get("/deal")).meta["total"] == MANY
