"""The data screens by keyboard alone, at the width of a phone, and for those who need contrast and names."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Opened, serious_findings
from tests.browser.pages import Person
from tests.support.client import Client, entity, integer, text

PHONE = {"width": 390, "height": 844}
FILE = {"name": "deals.csv", "mimeType": "text/csv", "buffer": b"title,amount\nPress,3\nMill,\n"}
MAX_TABS = 30
"""Presses of Tab until something is reached."""


@pytest.fixture
async def deals(admin: Client) -> Client:
    await admin.define(entity("company", text("name", required=True)))
    stage = text("stage", enum=["lead", "won"], default="lead")
    fields = (text("title", required=True), stage, integer("amount"), {"name": "company_id", "type": "uuid"})
    await admin.define(entity("deal", *fields, soft_delete=True))
    await admin.relate("deals", "one_to_many", "company", "deal")
    company = (await admin.post("/company", {"name": "Quarry"})).expect(201).data["id"]
    for title in ("Container", "Oven", "Turbine"):
        (await admin.post("/deal", {"title": title, "company_id": company})).expect(201)
    return admin


async def _tab_to(page: Page, what: str) -> None:
    """Press Tab until the element that a selector names has the focus."""
    for _ in range(MAX_TABS):
        await page.keyboard.press("Tab")
        if await page.evaluate("what => document.activeElement.matches(what)", what):
            return
    raise AssertionError(f"{what} is not reached by {MAX_TABS} tabs")


async def test_a_list_and_a_record_are_worked_with_by_keyboard_alone(deals: Client, person: Opened) -> None:
    someone = await person()
    page, keys = someone.page, someone.page.keyboard
    await someone.go("/records/deal?sort=title")
    await expect(someone.row("Oven")).to_be_visible()
    await page.locator("main").focus()

    # The grid is one stop of Tab; arrows move within it, F2 edits, Space selects.
    await _tab_to(page, "[data-place='0:1']")
    await keys.press("ArrowDown")
    await expect(someone.row("Oven").get_by_role("link")).to_be_focused()
    for key in ("ArrowRight", "ArrowRight", "F2"):
        await keys.press(key)
    await keys.type("12")
    await keys.press("Enter")
    await expect(page.get_by_text("1 change is not saved")).to_be_visible()
    await expect(someone.row("Turbine").get_by_role("gridcell").nth(3)).to_be_focused()
    await keys.press("Space")
    await expect(page.get_by_text("1 record is selected")).to_be_visible()
    await keys.press("Space")
    await page.locator("main").focus()
    await _tab_to(page, ".rk-list-bar[role=status] button:nth-of-type(2)")
    await keys.press("Enter")
    await expect(page.get_by_text("1 change is saved")).to_be_visible()

    # Enter opens the record; its form is saved by Enter; a link leads back to the list as it was.
    await _tab_to(page, "[data-place]")
    await keys.press("Home")
    await keys.press("ArrowUp")
    await keys.press("ArrowRight")
    await expect(someone.row("Oven").get_by_role("link")).to_be_focused()
    await keys.press("Enter")
    await expect(someone.field("amount")).to_have_value("12")
    await page.locator("main").focus()
    await _tab_to(page, "form input[required]")
    await keys.press("End")
    await keys.type(" II")
    await keys.press("Enter")
    await expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    await page.locator("main").focus()
    await _tab_to(page, "a[href*='/records/deal?']")
    await keys.press("Enter")
    await expect(someone.row("Oven II")).to_be_visible()
    assert "sort=title" in page.url


async def test_a_phone_edits_lists_records_and_imports(deals: Client, person: Opened) -> None:
    someone = await person(viewport=PHONE, has_touch=True)
    page = someone.page
    await someone.go('/records/deal?sort=title&where=[{"field":"stage","op":"eq","value":"lead"}]')
    await someone.button("Edit cells").tap()
    cell = someone.row("Oven").get_by_role("gridcell").nth(2)
    await cell.tap()
    await someone.row("Oven").locator("select").select_option("won")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Escape")
    await someone.button("Save all").tap()
    await expect(page.get_by_text("1 change is saved")).to_be_visible()
    # The row has left the filter with this, and stays in sight.
    await expect(someone.row("Oven")).to_have_attribute("data-left", "true")
    assert await _fits(page)
    await someone.button("Edit cells").tap()
    await someone.row("Oven").get_by_role("link").tap()
    await expect(someone.heading("Oven")).to_be_visible()
    await someone.button("Compare versions").tap()
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    assert await _fits(page)
    await someone.go("/imports/deal")
    await page.locator("input[type=file]").set_input_files(FILE)  # type: ignore[arg-type]
    await someone.button("Start the import").tap()
    await expect(page.get_by_text("2 of 2 rows")).to_be_visible()
    assert await _fits(page)


async def _fits(page: Page) -> bool:
    return bool(await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"])


async def test_axe_has_nothing_serious_on_the_data_screens(deals: Client, person: Opened) -> None:
    record = (await deals.get("/deal")).data[0]
    (await deals.put(f"/deal/{record['id']}", {"amount": 5})).expect(200)
    findings: list[str] = []
    for scheme, language in (("light", "en"), ("dark", "en"), ("light", "ar")):
        someone = await person(color_scheme=scheme, bypass_csp=True)
        await someone.page.evaluate(f"localStorage.setItem('rocket.language', '{language}')")
        for look in (_list_in_use, _record_in_use, _import_in_use):
            await look(someone, record["id"])
            findings += await serious_findings(someone.page)
    assert not findings, "\n".join(findings)


async def _list_in_use(someone: Person, _record: str) -> None:
    """A list with edits, a selection, and the editor of a cell."""
    await someone.go("/records/deal?sort=title")
    row = someone.row("Oven")
    await row.get_by_role("checkbox").check()
    await row.get_by_role("gridcell").nth(3).dblclick()
    await row.locator(".rk-cell-input").fill("31")
    await someone.page.keyboard.press("Enter")
    await expect(someone.page.locator("[data-mark=edited]")).to_be_visible()
    await row.get_by_role("gridcell").nth(2).dblclick()


async def _record_in_use(someone: Person, record: str) -> None:
    """A record with the dialog of an undo. The edits of the list are left behind."""
    someone.page.once("dialog", lambda dialog: dialog.accept())
    await someone.go(f"/records/deal/{record}")
    await someone.page.locator(".mantine-Timeline-item button").first.click()
    await expect(someone.page.get_by_role("dialog").get_by_role("table")).to_be_visible()


async def _import_in_use(someone: Person, _record: str) -> None:
    """A file whose columns are mapped."""
    await someone.go("/imports/deal")
    await someone.page.locator("input[type=file]").set_input_files(FILE)  # type: ignore[arg-type]
    await expect(someone.page.get_by_role("table").get_by_role("row").nth(2)).to_be_visible()
