"""An app described without touching the mouse, and tasks decided on a phone."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.conftest import Opened
from tests.browser.pages import Person
from tests.support.client import Client, entity, text

PHONE = {"width": 390, "height": 844}


async def test_entity_rule_machine_and_permission_are_described_with_the_keyboard_alone(
    admin: Client, person: Opened
) -> None:
    someone = await person()
    page = someone.page
    await _open_new(someone, "entities")
    await someone.reach(page.get_by_role("button", name="Task", exact=True))
    await someone.press("Enter")
    await _save(someone)
    assert "status" in [
        field["name"] for field in (await admin.get("/_admin/entities/task")).data["definition"]["fields"]
    ]

    await _open_new(someone, "rules")
    await someone.reach(page.get_by_role("textbox", name="Violated where this is true"))
    await page.keyboard.type("record.prio")
    await expect(page.get_by_role("option", name="priority")).to_be_visible()
    await someone.press("Enter")
    await page.keyboard.type(" > 9")
    await someone.press("Tab")
    await page.keyboard.type("at most 9")
    await _save(someone)
    assert (await admin.get("/_admin/rules")).data[0]["definition"]["expression"] == "record.priority > 9"

    await _open_new(someone, "state machines")
    await someone.reach(page.get_by_role("combobox", name="Field"))
    await someone.press("ArrowDown")
    await expect(page.get_by_role("option", name="status", exact=True)).to_be_visible()
    while await page.locator("[data-combobox-selected]").inner_text() != "status":
        await someone.press("ArrowDown")
    await someone.press("Enter")
    for label, value in (("Initial state", "open"), ("From", "open"), ("To", "doing")):
        await someone.reach(page.get_by_label(label, exact=False).locator("visible=true").first)
        await page.keyboard.type(value)
        await someone.press("Enter" if label == "From" else "Escape")
    await _save(someone)
    transition = (await admin.get("/_admin/state-machines")).data[0]["definition"]["transitions"][0]
    assert (transition["from"], transition["to"]) == ("open", "doing")

    await _open_new(someone, "permissions")
    await someone.reach(page.get_by_role("combobox", name="Roles"))
    await page.keyboard.type("clerk")
    await someone.press("Enter")
    await someone.reach(someone.button("Who gains or loses what?"))
    await someone.press("Enter")
    effect = page.get_by_role("table", name="By role")
    await expect(effect.get_by_role("row", name="clerk").first).to_contain_text("none → all")
    await _save(someone)
    assert (await admin.get("/_admin/permissions")).data[0]["roles"] == ["clerk"]


async def _open_new(someone: Person, kind: str) -> None:
    await someone.press("Control+k")
    search = someone.page.get_by_label("Go to a screen")
    await expect(search).to_be_focused()
    await someone.page.keyboard.type(kind)
    await someone.press("Enter")
    new = someone.page.get_by_role("main").get_by_role("link", name="New")
    await expect(new).to_be_visible()
    await someone.reach(new)
    await someone.press("Enter")
    await expect(someone.button("Save")).to_be_visible()


async def _save(someone: Person) -> None:
    await someone.reach(someone.button("Save"))
    await someone.press("Enter")
    await expect(someone.page.get_by_text("Saved; it is in force now").first).to_be_visible()
    await expect(someone.page.get_by_role("region", name="Versions")).to_be_visible()


async def test_a_task_is_found_and_decided_on_a_phone(admin: Client, person: Opened) -> None:
    await admin.define(entity("deal", text("title"), text("stage", enum=["lead", "won"], default="lead")))
    machine = {"initial": "lead", "transitions": [{"from": "lead", "to": "won"}]}
    await admin.define({"entity": "deal", "field": "stage", "definition": machine}, "state-machines")
    trigger = {"type": "state_change", "entity": "deal", "field": "stage", "to": "won"}
    step = {"id": "ask", "type": "approval", "assignee": {"type": "role", "role": "admin"}}
    await admin.define({"name": "check", "trigger": trigger, "steps": [step]}, "workflows")
    record = (await admin.post("/deal", {"title": "Oven"})).data
    (await admin.put(f"/deal/{record['id']}", {"stage": "won"})).expect(200)
    someone = await person(viewport=PHONE)
    page = someone.page
    await page.get_by_role("main").get_by_role("link", name="1 task for me").click()
    await expect(someone.heading("My tasks")).to_be_visible()
    await page.get_by_role("main").get_by_role("link", name="check").first.click()
    await someone.button("Approve").click()
    await expect(page.get_by_text("completed").first).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
