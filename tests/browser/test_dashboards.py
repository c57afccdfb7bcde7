"""Looking at dashboards, following their figures to the records behind them, and building them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import Opened, serious_findings
from tests.support.client import Client, entity, text
from tests.support.relations import make, reference, relation

SALE = entity(
    "sale", text("title"), text("status", enum=["open", "paid"]), {"name": "amount", "type": "int"},
    {"name": "made_at", "type": "timestamp"}, reference("customer_id"),
)  # fmt: skip
WIDGETS: list[dict[str, Any]] = [
    {"id": "all", "title": "All sales", "type": "counter", "layout": {"x": 0, "y": 0, "w": 3, "h": 2},
     "query": {"entity": "sale", "time_field": "made_at", "last": "30d", "sum": ["amount"], "count": "*",
               "compare": "previous_period"}},
    {"id": "who", "title": "By customer", "type": "bar", "layout": {"x": 3, "y": 0, "w": 5, "h": 4},
     "query": {"entity": "sale", "filter": {"amount.gt": 1}, "group_by": ["customer.name"], "sum": ["amount"],
               "sort": ["-sum.amount"]}},
    {"id": "status", "title": "By status", "type": "pie", "layout": {"x": 8, "y": 0, "w": 4, "h": 4},
     "query": {"entity": "sale", "group_by": ["status"], "sort": ["status"]}},
    {"id": "days", "title": "Per day", "type": "line", "layout": {"x": 0, "y": 4, "w": 6, "h": 4},
     "query": {"entity": "sale", "group_by": ["made_at.day"], "time_field": "made_at", "last": "7d"}},
    {"id": "newest", "title": "Newest", "type": "table", "layout": {"x": 6, "y": 4, "w": 6, "h": 4},
     "query": {"entity": "sale", "fields": ["id", "title", "amount"], "sort": ["-amount"], "limit": 5}},
    {"id": "news", "title": "News", "type": "timeline", "layout": {"x": 0, "y": 8, "w": 6, "h": 4},
     "query": {"entity": "customer", "activity": True}},
    {"id": "none", "title": "Huge", "type": "table", "layout": {"x": 6, "y": 8, "w": 6, "h": 2},
     "query": {"entity": "sale", "fields": ["title"], "filter": {"amount.gt": 1000}}},
]  # fmt: skip


async def shop(admin: Client) -> str:
    """Sales of this month and of the one before, and a dashboard of them; answers its id."""
    await admin.define(entity("customer", text("name")))
    await admin.define(SALE)
    await admin.define(relation("buys", "one_to_many", "customer", "sale", target_key="customer_id"), "relations")
    now = datetime.now(UTC)
    for number, (status, amount, days) in enumerate(
        (("open", 1, 40), ("open", 10, 2), ("paid", 20, 2), ("paid", 9, 1))
    ):
        owner = await make(admin, "customer", name=f"Customer {number}")
        made_at = (now - timedelta(days=days)).isoformat()
        sale = {"title": f"Sale {number}", "status": status, "amount": amount}
        await make(admin, "sale", **sale, made_at=made_at, customer_id=owner["id"])
    board = {"name": "Sales", "description": "How we sell", "widgets": WIDGETS}
    return str((await admin.define(board, "dashboards"))["id"])


def widget(page: Page, title: str) -> Locator:
    return page.get_by_role("region", name=title, exact=True)


async def test_a_dashboard_is_looked_at_and_leads_to_its_records(admin: Client, person: Opened) -> None:
    board = await shop(admin)
    someone = await person(bypass_csp=True)
    page = someone.page
    await page.get_by_role("link", name="Sales", exact=True).first.click()
    await expect(someone.heading("Sales")).to_be_visible()
    # Against the month before: three sales instead of one, and 39 instead of 1.
    await expect(widget(page, "All sales")).to_contain_text("before: 1")
    await expect(widget(page, "All sales")).to_contain_text("+200%")
    await expect(widget(page, "By customer").get_by_role("row")).to_have_count(3)
    await expect(widget(page, "By status").get_by_role("row", name="open open: 2 50%")).to_be_visible()
    await expect(widget(page, "Newest").get_by_role("row").nth(1)).to_contain_text("Sale 2")
    await expect(widget(page, "News").get_by_role("listitem")).to_have_count(4)
    await expect(widget(page, "Huge")).to_contain_text("Nothing to show.")
    # Who can't see the line reads a table, in which the days without sales stand as well.
    await expect(widget(page, "Per day").get_by_role("rowheader")).to_have_count(8)
    assert await serious_findings(page) == []

    # What changes is shown at once.
    await make(admin, "sale", title="Sale 4", status="paid", amount=100)
    await expect(widget(page, "By status").get_by_role("row", name="paid paid: 3 60%")).to_be_visible()
    await page.get_by_role("combobox", name="Period").click()
    await page.get_by_role("option", name="From … to …").click()
    await page.get_by_label("To (included)").fill("2020-01-01")
    await expect(widget(page, "Per day")).to_contain_text("Nothing in this time.")

    # A bar leads to the records that it adds up; a point of a line to those of its day.
    await someone.go(f"/dashboards/{board}")
    await widget(page, "By customer").get_by_role("link", name="Customer 2, Sum of amount: 20").click()
    await expect(page.locator(".rk-row")).to_have_count(1)
    await expect(someone.row("Sale 2")).to_be_visible()
    await page.go_back()
    line = widget(page, "Per day").get_by_role("link")
    await line.first.focus()
    await someone.press("End", "ArrowLeft", "ArrowLeft", "Enter")
    await expect(someone.row("Sale 1")).to_be_visible()
    await expect(page.locator(".rk-row")).to_have_count(2)


async def test_a_viewer_is_told_what_they_may_not_see(admin: Client, person: Opened) -> None:
    board = await shop(admin)
    await admin.define({"name": "Board", "roles": ["boss"], "widgets": []}, "dashboards")
    await admin.user("clerk@example.com", ["clerk"])
    await admin.grant("sale", "read", "clerk")
    clerk = await person("clerk@example.com", "secret-1", viewport={"width": 390, "height": 844}, bypass_csp=True)
    await clerk.go("/dashboards")
    await expect(clerk.page.get_by_role("link", name="Sales", exact=True)).to_be_visible()
    await expect(clerk.page.get_by_role("link", name="Board", exact=True)).to_have_count(0)
    await clerk.go(f"/dashboards/{board}")
    await expect(widget(clerk.page, "By status").get_by_role("row")).to_have_count(2)
    for title in ("By customer", "News"):
        await expect(widget(clerk.page, title)).to_contain_text("You may not see this.")
    assert await serious_findings(clerk.page) == []


async def test_a_dashboard_is_built_by_pointer_and_by_keyboard(admin: Client, person: Opened) -> None:
    await shop(admin)
    someone = await person(bypass_csp=True, viewport={"width": 1400, "height": 1000})
    page = someone.page
    await someone.go("/define/dashboards/new")
    await page.get_by_role("textbox", name="Name", exact=True).fill("Mine")
    await someone.button("Add a widget").click()
    await page.get_by_role("menuitem", name="Counter").click()
    await page.get_by_role("textbox", name="Heading").fill("Amount")
    await someone.choose("Entity", "sale")
    await someone.choose("Function", "Sum")
    counter = page.get_by_role("button", name="Amount: column 1, row 1, 3 wide, 2 high")
    await expect(page.locator(".rk-widget", has=counter)).to_contain_text("40")
    await someone.button("Add a widget").click()
    await page.get_by_role("menuitem", name="Bar chart").click()
    await someone.choose("Entity", "sale")
    await page.get_by_role("combobox", name="Grouped by").click()
    await page.get_by_role("option", name="customer.name").click()
    bars = page.get_by_role("button", name="Bar chart: column 4, row 1, 6 wide, 4 high")
    await expect(page.locator(".rk-widget", has=bars)).to_contain_text("Customer 3")

    # By keyboard: one to the right, and wider; the step back takes the last one away.
    await bars.focus()
    await someone.press("ArrowRight", "Shift+ArrowRight", "Shift+ArrowDown")
    await expect(page.get_by_role("button", name="Bar chart: column 5, row 1, 7 wide, 5 high")).to_be_focused()
    await someone.button("Undo").click()
    bars = page.get_by_role("button", name="Bar chart: column 5, row 1, 7 wide, 4 high")
    await expect(bars).to_be_visible()

    # With the pointer: the counter is dragged upon the bars, which make room.
    box = await counter.bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 40, box["y"] + 60)
    await page.mouse.down()
    await page.mouse.move(box["x"] + 40 + box["width"] * 2, box["y"] + 62, steps=6)
    await page.mouse.up()
    await expect(page.get_by_role("button", name="Amount: column 7, row 1, 3 wide, 2 high")).to_be_visible()
    await expect(page.get_by_role("button", name="Bar chart: column 5, row 3, 7 wide, 4 high")).to_be_visible()
    assert await serious_findings(page) == []

    # What the server refuses is said at its place.
    await page.get_by_role("button", name="Amount: column 7").click()
    await page.get_by_role("textbox", name="Name in the data").fill("not a name")
    await expect(page.get_by_role("textbox", name="Name in the data")).to_have_attribute("aria-invalid", "true")
    await page.get_by_role("textbox", name="Name in the data").fill("amount")
    await someone.save("Saved; it is in force now")
    stored = next(each for each in (await admin.get("/_admin/dashboards")).data if each["name"] == "Mine")
    amount, chart = stored["widgets"]
    assert (amount["id"], amount["query"]["sum"], amount["layout"]) == (
        "amount",
        ["amount"],
        {"x": 6, "y": 0, "w": 3, "h": 2},
    )
    assert chart["query"]["group_by"][-1] == "customer.name" and chart["layout"] == {"x": 4, "y": 2, "w": 7, "h": 4}
    await page.get_by_role("link", name="View", exact=True).click()
    await expect(widget(page, "Amount")).to_contain_text("40")
