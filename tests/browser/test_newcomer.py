"""What a newcomer builds on the first day, found by the visible names alone: from an empty app to an undone import."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect

from tests.browser.conftest import Opened
from tests.browser.pages import Person
from tests.support.client import Client
from tests.support.receivers import HttpReceiver

MANY = 5_000
PASSWORD = "a long password"
SUPPLIERS = "Supplier number;Company;Town\n" + "".join(f"S-{n:05};Müller {n};Köln\n" for n in range(MANY))
PATIENCE_MS = 60_000


async def test_purchases_are_built_from_an_empty_app(admin: Client, person: Opened, receiver: HttpReceiver) -> None:
    someone = await person()
    page = someone.page
    await _describe_entities(someone)
    await _describe_behaviour(someone, receiver.url)
    await _let_people_in(someone)

    # 5,000 suppliers come from a file, and go again.
    await _open(page, "supplier")
    await page.get_by_role("link", name="Import", exact=True).click()
    file = {"name": "suppliers.csv", "mimeType": "text/csv", "buffer": SUPPLIERS.encode("windows-1252")}
    await page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    await someone.choose("Field for Company", "name")
    await someone.choose("Field for Town", "city")
    await someone.button("Try on the server").click()
    await expect(page.get_by_text("Nothing is stored yet.")).to_be_visible(timeout=PATIENCE_MS)
    await someone.button("Start the import").click()
    await expect(page.get_by_text("5,000 of 5,000 rows")).to_be_visible(timeout=PATIENCE_MS)
    await expect(page.get_by_text("done", exact=True)).to_be_visible()
    await someone.button("Undo the import").click()
    await page.get_by_role("dialog").get_by_role("button", name="Undo the import").click()
    await expect(page.get_by_text("rows taken back")).to_be_visible(timeout=PATIENCE_MS)
    await expect(page.get_by_text("done", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    assert (await admin.get("/supplier")).meta["total"] == 0

    # The buyer orders, without seeing margins; the boss approves, and the receiver is told.
    await _open(page, "supplier")
    await page.get_by_role("link", name="New", exact=True).click()
    await someone.field("name").fill("Quarry")
    await someone.save("Created")
    buyer = await person("buyer@example.com", PASSWORD)
    await _order(buyer)
    boss = await person("boss@example.com", PASSWORD)
    await boss.page.get_by_role("link", name="1 task for me").click()
    await boss.page.get_by_role("link", name="order approval").click()
    await boss.button("Approve").click()
    await expect(boss.page.get_by_text("Approved", exact=True).first).to_be_visible()
    await expect(buyer.page.get_by_role("combobox", name="status")).to_have_value("approved")
    assert {payload["record"]["status"] for payload in receiver.payloads} >= {"draft", "submitted"}


async def _open(page: Page, screen: str) -> None:
    await page.get_by_role("navigation", name="Screens").get_by_role("link", name=screen, exact=True).click()


async def _begin(page: Page, kind: str) -> None:
    """Begin a new definition of a kind."""
    await _open(page, kind)
    await page.get_by_role("link", name="New", exact=True).click()
    await expect(page.get_by_role("button", name="Save", exact=True)).to_be_visible()


async def _save(someone: Person) -> None:
    await someone.button("Save").click()
    await expect(someone.page.get_by_role("region", name="Versions")).to_be_visible()


async def _add_fields(someone: Person, **types: str) -> None:
    for name, kind in types.items():
        await someone.button("Add a field").click()
        await expect(someone.page.get_by_role("textbox", name="Field", exact=True).last).to_be_focused()
        await someone.page.keyboard.type(name)
        await someone.choose(f"Type of {name}", kind)


async def _describe_entities(someone: Person) -> None:
    page = someone.page
    await page.get_by_role("link", name="Describe the first entity").click()
    await someone.button("Company").click()
    await page.get_by_role("textbox", name="Name", exact=True).fill("supplier")
    await expect(page.get_by_role("textbox", name="Table", exact=True)).to_have_value("suppliers")
    await _add_fields(someone, number="string")
    await page.get_by_role("checkbox", name="Unique: number").check()
    await _save(someone)

    await _begin(page, "Entities")
    await someone.button("Order").click()
    await page.get_by_role("textbox", name="Name", exact=True).fill("purchase_order")
    states = page.get_by_role("combobox", name="Values of status")
    await states.click()
    await someone.press("Backspace", "Backspace", "Backspace")
    for state in ("submitted", "approved", "rejected"):
        await states.fill(state)
        await someone.press("Enter")
    await _add_fields(someone, margin="decimal", supplier_id="uuid")
    await _save(someone)

    await _begin(page, "Entities")
    await page.get_by_role("textbox", name="Name", exact=True).fill("order_line")
    await page.get_by_role("textbox", name="Field", exact=True).nth(1).fill("article")
    await _add_fields(someone, quantity="int", purchase_order_id="uuid")
    await _save(someone)

    for name, source, target, said in (
        ("orders", "supplier", "purchase_order", "A supplier has many purchase_order"),
        ("lines", "purchase_order", "order_line", "A purchase_order has many order_line"),
    ):
        await _begin(page, "Relations")
        await page.get_by_role("textbox", name="Name", exact=True).fill(name)
        await someone.choose("Source", source)
        await someone.choose("Target", target)
        await expect(page.get_by_text(said)).to_be_visible()
        await expect(page.get_by_role("combobox", name="Field of the target")).to_have_value(f"{source}_id")
        await _save(someone)


async def _describe_behaviour(someone: Person, url: str) -> None:
    page = someone.page
    await _begin(page, "State machines")
    await someone.choose("Entity", "purchase_order")
    await someone.choose("Field", "status")
    await expect(page.get_by_role("combobox", name="Initial state")).to_have_value("draft")
    for at, (before, after) in enumerate((("draft", "submitted"), ("submitted", "approved"))):
        if at > 0:
            await someone.button("Add a transition").click()
        line = page.get_by_role("group", name=f"Transitions {at + 1}")
        await line.get_by_role("combobox", name="From", exact=True).fill(before)
        await someone.press("Tab")
        await line.get_by_role("combobox", name="To", exact=True).fill(after)
        await someone.press("Tab")
    await _save(someone)

    await _begin(page, "Workflows")
    await page.get_by_role("textbox", name="Name", exact=True).fill("order approval")
    await someone.choose("Entity", "purchase_order")
    await someone.choose("Field", "status")
    await someone.suggest("To", "submitted")
    await page.get_by_text("Outline", exact=True).click()
    await page.get_by_role("button", name=re.compile("^approval")).click()
    await someone.suggest("Role that decides", "approver")
    await someone.button("Add a step before approval").click()
    await page.get_by_role("button", name="Condition").click()
    await page.get_by_role("textbox", name="Expression").fill("record.total > 1000")
    await page.get_by_role("button", name=re.compile("^approval")).click()
    await someone.button("Add a step after approval").click()
    await page.get_by_role("button", name="Action Change records").click()
    await someone.button("Add an action").click()
    await someone.choose("Entity", "purchase_order")
    await someone.suggest("Record", "record.id")
    await someone.choose("Field", "status")
    await someone.suggest("Value", "approved")
    await _save(someone)

    await _begin(page, "Webhooks")
    await someone.choose("Entity", "purchase_order")
    await page.get_by_role("textbox", name="URL", exact=True).fill(url)
    await someone.button("Save").click()
    await expect(page.get_by_role("dialog").get_by_text("whsec_")).to_be_visible()
    await someone.button("I have saved it").click()
    await expect(page.get_by_role("region", name="Endpoint")).to_be_visible()


async def _let_people_in(someone: Person) -> None:
    page = someone.page
    await _begin(page, "Permissions")
    await someone.choose("Entity", "purchase_order")
    await page.get_by_role("combobox", name="Roles").fill("buyer")
    await someone.press("Enter")
    await page.get_by_text("All but some").click()
    await page.get_by_role("combobox", name="All but some").click()
    await page.get_by_role("option", name="margin", exact=True).click()
    await someone.press("Escape")
    await _save(someone)
    await _open(page, "Permission matrix")
    grants = {"purchase_order": ("Create", "Update"), "order_line": ("Read", "Create", "Update"), "supplier": ("Read",)}
    for entity, actions in grants.items():
        row = page.get_by_role("row", name=entity)
        for action in actions:
            await row.get_by_label(f"{action}: nothing (buyer)").click()
            await page.get_by_role("menuitem", name="Allow for every record").click()
            await expect(row.get_by_label(f"{action}: everything (buyer)")).to_be_visible()
    await _open(page, "Users")
    for address, role in (("buyer@example.com", "buyer"), ("boss@example.com", "approver")):
        await someone.button("New user").click()
        form = page.get_by_role("dialog")
        await form.get_by_label("E-mail").fill(address)
        await form.locator("input[type=password]").fill(PASSWORD)
        await form.get_by_role("combobox", name="Roles").fill(role)
        await someone.press("Enter", "Tab")
        await form.get_by_role("button", name="Save").click()
        await expect(page.get_by_role("cell", name=address)).to_be_visible()


async def _order(buyer: Person) -> None:
    page = buyer.page
    await _open(page, "purchase_order")
    await expect(page.get_by_role("columnheader", name="number")).to_be_visible()
    await expect(page.get_by_role("columnheader", name="margin")).to_have_count(0)
    await page.get_by_role("link", name="New", exact=True).click()
    await buyer.field("number").fill("PO-1")
    await buyer.field("total").fill("5000")
    await buyer.choose("supplier_id", "Quarry")
    await buyer.save("Created")
    await buyer.button("Edit lines").click()
    await buyer.button("Add a line").click()
    await page.get_by_role("textbox", name="article 1").fill("Gravel")
    await buyer.button("Save all lines").click()
    await expect(page.get_by_role("link", name="Gravel")).to_be_visible()
    await buyer.button("submitted").click()
    await expect(page.get_by_role("combobox", name="status")).to_have_value("submitted")
    await expect(page.get_by_text("You may set this field, but not see what it holds.")).to_be_visible()
