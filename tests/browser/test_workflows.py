"""Building workflows, deciding their tasks, and following their instances."""

from __future__ import annotations

from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import Opened
from tests.browser.pages import Person
from tests.support.client import Client, entity, text


def row(page: Page, step: str) -> Locator:
    """The line of a step in the outline."""
    return page.locator(".rk-outline-row").filter(has=page.locator("strong").get_by_text(step, exact=True))


async def press(target: Locator, *keys: str) -> None:
    """Focus something, and press keys."""
    await target.focus()
    for key in keys:
        await target.page.keyboard.press(key)


async def pick(someone: Person, label: str, option: str) -> None:
    """Choose from a list by keyboard."""
    await press(someone.page.get_by_role("combobox", name=label, exact=True), "Enter")
    wanted = someone.page.get_by_role("option", name=option, exact=True)
    for _ in range(20):
        if await wanted.get_attribute("data-combobox-selected"):
            break
        await someone.page.keyboard.press("ArrowDown")
    await someone.page.keyboard.press("Enter")


async def add(someone: Person, opener: Locator, key: str, kind: str, name: str) -> None:
    """Add a step by keyboard, and name it; its form has the focus at once."""
    await press(opener, key)
    dialog = someone.page.get_by_role("dialog")
    await press(dialog.get_by_role("button", name=kind), "Enter")
    await expect(dialog).to_be_hidden()
    await expect(someone.page.get_by_role("textbox", name="Step", exact=True)).to_be_focused()
    await someone.page.keyboard.type(name)
    await someone.page.keyboard.press("Enter")
    await expect(row(someone.page, name)).to_have_attribute("aria-current", "true")


async def test_a_workflow_is_built_in_the_outline_by_keyboard_alone(admin: Client, person: Opened) -> None:
    await admin.define(entity("deal", text("title")))
    someone = await person()
    page = someone.page
    await someone.go("/define/workflows/new")
    await press(page.get_by_role("textbox", name="Name", exact=True).first)
    await page.keyboard.type("check")
    await pick(someone, "Trigger", "Somebody starts it")
    await press(page.get_by_role("radio", name="Canvas"), "ArrowRight")

    await add(someone, row(page, "approval"), "Insert", "Parallel", "both")
    await add(someone, someone.button("Add a step to both: left"), "Enter", "Set values", "sum")
    editor = page.get_by_role("textbox", name="Expression")
    await press(editor)
    await page.keyboard.type("steps.approval.by")
    await page.keyboard.press("Escape")
    await add(someone, someone.button("Add a step to both: right"), "Enter", "Set values", "other")
    await press(page.get_by_role("textbox", name="Expression"))
    await page.keyboard.type("1 + 1")

    await press(row(page, "approval"), "Enter")
    await press(
        page.get_by_role("combobox", name="Time limit").or_(page.get_by_role("textbox", name="Time limit")).first
    )
    await page.keyboard.type("3 days")
    await press(page.get_by_role("button", name="approval · timeout"), "Enter")
    limit = page.locator('input[aria-invalid="true"]')
    await expect(limit).to_be_focused()
    await page.keyboard.press("Control+a")
    await page.keyboard.type("3h")
    await expect(page.get_by_role("button", name="approval · timeout")).to_have_count(0)

    await press(page.get_by_role("textbox", name="Step", exact=True), "Control+a")
    await page.keyboard.type("ask")
    await page.keyboard.press("Enter")
    await expect(row(page, "ask")).to_contain_text("approved → both")
    await press(row(page, "both"), "Control+d")
    await expect(row(page, "both_copy")).to_be_visible()
    await press(someone.button("Undo"), "Enter")
    await expect(row(page, "both_copy")).to_have_count(0)
    await press(someone.button("Save"), "Enter")
    await expect(page.get_by_text("Saved; it is in force now").first).to_be_visible()

    stored = (await admin.get("/_admin/workflows")).data[0]
    ask, both = stored["steps"]
    assert stored["trigger"]["type"] == "manual"
    assert ask["on_approve"] == {"goto": "both"} and ask["timeout"] == "3h"
    assert both["branches"]["left"]["steps"][0]["values"] == {"value": "steps.ask.by"}
    assert both["branches"]["right"]["steps"][0]["id"] == "other"

    # On the canvas, a step is put on an arrow.
    await press(page.get_by_role("radio", name="Outline"), "ArrowLeft")
    picture = page.get_by_role("region", name="Steps of the workflow")
    await expect(picture.get_by_role("img", name="ask → both: approved")).to_be_attached()
    await press(picture.get_by_role("button", name="Add a step between ask and both"), "Enter")
    await press(page.get_by_role("dialog").get_by_role("button", name="Wait For a time"), "Enter")
    await expect(picture.get_by_role("img", name="ask → wait: approved")).to_be_attached()
    await someone.save("Saved; it is in force now")
    await someone.button("Compare with now").first.click()
    changes = page.get_by_role("table", name="Changes since version 1")
    await expect(changes.get_by_role("row", name="wait added")).to_be_visible()
    await expect(changes.get_by_role("row", name="ask · on_approve.goto")).to_contain_text("both")


def purchase_order() -> dict[str, object]:
    """Manager, then two of three of finance for large orders, then the stock and the supplier side by side."""
    finance = [{"user": "ann@example.com"}, {"user": "bob@example.com"}, {"user": "cy@example.com", "veto": True}]
    note = {"type": "add_comment", "entity": "purchase", "record_id": "context.order", "body": "Reserved"}
    done = {"type": "set_field", "entity": "purchase", "record_id": "context.order", "field": "status"}
    return {
        "name": "purchase order",
        "trigger": {"type": "manual", "entity": "purchase"},
        "context": {"order": "record.id", "amount": "record.amount", "title": "record.title"},
        "steps": [
            {"id": "manager", "type": "approval", "approvers": [{"role": "manager"}], "timeout": "72h",
             "separation": ["initiator"],
             "form": [{"name": "reason", "type": "string", "required": True, "help": "Why do we need it?"}],
             "on_approve": {"goto": "large"}, "on_reject": {"goto": "rejected"}},
            {"id": "large", "type": "condition", "expression": "context.amount > 1000",
             "on_true": {"goto": "finance"}, "on_false": {"goto": "both"}},
            {"id": "finance", "type": "approval", "approvers": finance, "mode": {"quorum": 2},
             "returns_to": ["manager"], "on_approve": {"goto": "both"}, "on_reject": {"goto": "rejected"}},
            {"id": "both", "type": "parallel", "join": "all", "then": {"goto": "approved"}, "branches": {
                "stock": {"steps": [{"id": "reserve", "type": "action", "actions": [note]}]},
                "supplier": {"steps": [{"id": "tell", "type": "sub_workflow", "workflow": "tell the supplier",
                                        "context": {"title": "context.title"}}]}}},
            {"id": "approved", "type": "action", "actions": [{**done, "value": "approved"}]},
            {"id": "rejected", "type": "action", "actions": [{**done, "value": "rejected"}]},
        ],
    }  # fmt: skip


async def define_purchases(admin: Client) -> str:
    """Purchases, their workflow and their people; answers the id of a large one."""
    states = text("status", enum=["draft", "approved", "rejected"], default="draft")
    await admin.define(entity("purchase", text("title"), {"name": "amount", "type": "int"}, states))
    people = {"mia": "manager", "ann": "finance", "bob": "finance", "cy": "finance", "dan": "finance", "ben": "buyer"}
    for name, role in people.items():
        await admin.user(f"{name}@example.com", [role])
    await admin.grant("purchase", "read", *set(people.values()))
    call = {"id": "call", "type": "approval", "assignee": {"type": "role", "role": "buyer"}}
    supplier = {"name": "tell the supplier", "trigger": {"type": "manual"}, "steps": [call]}
    await admin.define({**supplier, "inputs": {"title": {"type": "string"}}}, "workflows")
    await admin.define(purchase_order(), "workflows")
    return str((await admin.post("/purchase", {"title": "A large oven", "amount": 5000})).expect(201).data["id"])
