"""Lists that follow changes live, screens on a past moment, and children that are edited together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import expect

from libs.shared.testing.polling import eventually
from tests.browser.conftest import Opened
from tests.support.client import Client, entity, integer, text


@pytest.fixture
async def deals(admin: Client) -> Client:
    await admin.define(entity("deal", text("title", required=True), integer("amount")))
    (await admin.post("/deal", {"title": "Oven", "amount": 1})).expect(201)
    return admin


async def test_a_list_shows_changes_of_others_without_reloading(deals: Client, person: Opened) -> None:
    someone = await person()
    page = someone.page
    async with page.expect_response(lambda response: "/_live" in response.url):
        await someone.go("/records/deal")
    await expect(someone.row("Oven")).to_be_visible()
    record = (await deals.get("/deal")).data[0]
    (await deals.put(f"/deal/{record['id']}", {"amount": 77})).expect(200)
    await expect(someone.row("Oven")).to_contain_text("77")
    (await deals.post("/deal", {"title": "Press"})).expect(201)
    await expect(someone.row("Press")).to_have_count(0)
    await someone.button("1 new").click()
    await expect(someone.row("Press")).to_be_visible()
    (await deals.delete(f"/deal/{record['id']}")).expect(200)
    await expect(someone.row("Oven")).to_have_attribute("data-left", "true")


async def test_screens_show_a_past_moment_and_offer_no_changes(deals: Client, person: Opened) -> None:
    record = (await deals.get("/deal")).data[0]
    before = (await deals.put(f"/deal/{record['id']}", {"title": "Old oven"})).headers["X-Commit"]
    (await deals.put(f"/deal/{record['id']}", {"title": "New oven"})).expect(200)
    (await deals.post("/deal", {"title": "Press"})).expect(201)
    someone = await person()
    page = someone.page
    await someone.go(f"/records/deal?at={before}")
    await expect(page.get_by_role("status").get_by_text(f"commit {before}")).to_be_visible()
    await expect(someone.row("Old oven")).to_be_visible()
    await expect(someone.row("Press")).to_have_count(0)
    await expect(page.get_by_role("link", name="New", exact=True)).to_have_count(0)

    await someone.row("Old oven").get_by_role("link").click()
    await expect(someone.field("title")).to_have_value("Old oven")
    await expect(someone.field("title")).to_be_disabled()
    await expect(someone.button("Save")).to_have_count(0)
    await someone.button("Back to now").click()
    await expect(someone.field("title")).to_have_value("New oven")
    await expect(someone.field("title")).to_be_enabled()


async def test_a_moment_is_chosen_and_goes_along_to_other_screens(deals: Client, person: Opened) -> None:
    someone = await person()
    page = someone.page
    await someone.go("/records/deal")
    await someone.button("Now").click()
    now = datetime.now(UTC)
    await page.get_by_label("Moment").fill(now.strftime("%Y-%m-%dT%H:%M:%S"))
    await someone.button("Look at it").click()
    await expect(page.get_by_text("Nothing can be changed.").first).to_be_visible()
    await page.get_by_role("navigation", name="Screens").get_by_role("link", name="My tasks").click()
    await page.get_by_role("navigation", name="Screens").get_by_role("link", name="deal").click()
    await expect(page.get_by_role("status").filter(has_text="Shown as of")).to_be_visible()


async def test_a_list_says_what_has_changed_since_a_moment(deals: Client, person: Opened) -> None:
    begun = datetime.now(UTC) - timedelta(seconds=1)
    old = (await deals.post("/deal", {"title": "Lathe", "amount": 5})).expect(201).data["id"]
    since = datetime.now(UTC) + timedelta(seconds=1)
    await eventually(lambda: datetime.now(UTC) > since)
    (await deals.put(f"/deal/{old}", {"amount": 6})).expect(200)
    (await deals.post("/deal", {"title": "Press", "amount": 9})).expect(201)
    someone = await person()
    page = someone.page
    await someone.go('/records/deal?where=[{"field":"amount","op":"gte","value":"5"}]')
    await someone.button("More about this list").click()
    await page.get_by_role("menuitem", name="What has changed since?").click()
    table = page.get_by_role("table", name="What has changed since?")
    await page.get_by_label("Since", exact=True).fill(since.strftime("%Y-%m-%dT%H:%M:%S"))
    await expect(table.get_by_role("row", name="Lathe")).to_contain_text("amount: 5 → 6")
    await expect(table.get_by_role("row", name="Press")).to_contain_text("new here")
    await page.get_by_label("Since", exact=True).fill(begun.strftime("%Y-%m-%dT%H:%M:%S"))
    await expect(table.get_by_role("row", name="Lathe")).to_contain_text("new here")
    await someone.press("Escape")
    await someone.button("More about this list").click()
    await page.get_by_role("menuitem", name="Why is a record not here?").click()
    await page.get_by_role("combobox", name="Record").fill("Oven")
    await page.get_by_role("option", name="Oven", exact=True).click()
    await expect(page.get_by_role("dialog").get_by_role("status")).to_contain_text("amount")


async def test_children_are_edited_together_with_their_parent(admin: Client, person: Opened) -> None:
    await admin.define(entity("purchase", text("title", required=True)))
    await admin.define(
        entity("line", text("article", required=True), integer("quantity"), {"name": "purchase_id", "type": "uuid"})
    )
    await admin.relate("lines", "one_to_many", "purchase", "line", target_key="purchase_id", on_delete="cascade")
    lines = {"data": [{"article": "paper", "quantity": 1}, {"article": "pens", "quantity": 2}]}
    record = (await admin.post("/purchase", {"title": "Office", "lines": lines})).expect(201).data
    someone = await person()
    page = someone.page
    await someone.go(f"/records/purchase/{record['id']}")
    await someone.button("Edit lines").click()
    table = page.get_by_role("table", name="Edit lines")
    paper = table.get_by_role("row").filter(has=page.get_by_role("textbox", name="article 1"))
    first = await paper.get_by_role("textbox", name="article 1").input_value()
    await table.get_by_role("textbox", name="quantity 1").fill("12")
    await someone.button("Remove line 2").click()
    await someone.button("Add a line").click()
    await table.get_by_role("textbox", name="article 3").fill("ink")
    await someone.button("Save all lines").click()
    await expect(someone.button("Edit lines")).to_be_visible()
    stored = {row["article"]: row["quantity"] for row in (await admin.get("/line")).data}
    assert stored == {first: 12, "ink": None}
