"""Defining an app in the browser and using it."""

from __future__ import annotations

import json

from playwright.async_api import expect

from tests.browser.conftest import Opened
from tests.support.client import Client, entity, text


async def test_an_entity_is_described_with_a_form_and_used_at_once(admin: Client, person: Opened) -> None:
    someone = await person()
    page = someone.page
    await page.get_by_role("link", name="Describe the first entity").click()
    await page.get_by_role("textbox", name="Name", exact=True).fill("supplier")
    await expect(page.get_by_role("textbox", name="Table", exact=True)).to_have_value("suppliers")
    await someone.button("Add a field").click()
    await page.get_by_role("textbox", name="Field", exact=True).last.fill("city")
    await someone.button("Show the plan").click()
    await expect(page.get_by_text("CREATE TABLE")).to_be_visible()
    await someone.save("Saved; it is in force now")

    await page.get_by_role("navigation", name="Screens").get_by_role("link", name="supplier").click()
    await page.get_by_role("link", name="New").click()
    await someone.field("name").fill("Acme")
    await someone.field("city").fill("Vienna")
    await someone.save("Created")


async def test_a_mistake_in_a_definition_is_shown_and_the_input_is_kept(admin: Client, person: Opened) -> None:
    await admin.define(entity("deal", text("title")))
    someone = await person()
    page = someone.page
    await someone.go("/define/permissions/new")
    editor = page.get_by_role("textbox", name="JSON")
    await editor.fill(json.dumps({"entity": "deal", "action": "reed", "roles": ["clerk"]}))
    await someone.button("Save").click()
    await expect(page.get_by_role("alert")).to_contain_text("action")
    await expect(editor).to_have_value(json.dumps({"entity": "deal", "action": "reed", "roles": ["clerk"]}))
    await editor.fill(json.dumps({"entity": "deal", "action": "read", "roles": ["clerk"]}))
    await someone.save("Saved; it is in force now")


async def test_a_definition_is_changed_and_deleted(admin: Client, person: Opened) -> None:
    await admin.define(entity("deal", text("title")))
    hook = {"entity": "deal", "url": "http://127.0.0.1:9/", "active": False}
    await admin.define(hook, "webhooks")
    someone = await person()
    page = someone.page
    await someone.go("/define/webhooks")
    await page.get_by_role("link", name="deal · after_write").click()
    editor = page.get_by_role("textbox", name="JSON")
    document = json.loads(await editor.input_value())
    await editor.fill(json.dumps({**document, "method": "PUT"}))
    await someone.save("Saved; it is in force now")
    assert (await admin.get("/_admin/webhooks")).data[0]["method"] == "PUT"
    await page.get_by_role("region", name="Versions").get_by_role("button", name="Restore").click()
    await expect(page.get_by_text("Version 1 is restored")).to_be_visible()
    assert (await admin.get("/_admin/webhooks")).data[0]["method"] == "POST"
    await someone.button("Delete").click()
    await expect(page.get_by_text("There is none yet.")).to_be_visible()


async def test_users_are_added_and_log_in(admin: Client, person: Opened) -> None:
    someone = await person()
    page = someone.page
    await someone.go("/people/users")
    await someone.button("New user").click()
    form = page.get_by_role("dialog")
    await form.get_by_label("E-mail").fill("ben@example.com")
    await form.locator("input[type=password]").fill("a-long-password")
    await form.get_by_label("Roles").fill("clerk")
    await page.keyboard.press("Enter")
    await form.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("cell", name="ben@example.com")).to_be_visible()
    await person("ben@example.com", "a-long-password")


async def test_an_approval_waits_in_the_tasks_and_is_decided(admin: Client, person: Opened) -> None:
    await admin.define(entity("deal", text("title"), text("stage", enum=["lead", "won"], default="lead")))
    machine = {"initial": "lead", "transitions": [{"from": "lead", "to": "won"}]}
    await admin.define({"entity": "deal", "field": "stage", "definition": machine}, "state-machines")
    workflow = {
        "name": "check",
        "trigger": {"type": "state_change", "entity": "deal", "field": "stage", "to": "won"},
        "context": {"deal": "record.id"},
        "steps": [
            {"id": "ask", "type": "approval", "assignee": {"type": "role", "role": "admin"},
             "on_approve": {"goto": "note"}},
            {"id": "note", "type": "action", "actions": [
                {"type": "set_field", "entity": "deal", "record_id": "context.deal",
                 "field": "title", "value": "Checked"}]},
        ],
    }  # fmt: skip
    await admin.define(workflow, "workflows")
    record = (await admin.post("/deal", {"title": "Oven"})).data
    someone = await person()
    page = someone.page
    await someone.go(f"/records/deal/{record['id']}")
    await someone.button("won").click()
    await expect(page.get_by_text("Now won")).to_be_visible()
    await page.get_by_role("link", name="My tasks").click()
    await page.get_by_role("link", name="check").click()
    await someone.button("Approve").click()
    await expect(page.get_by_text("completed").first).to_be_visible()
    await someone.go(f"/records/deal/{record['id']}")
    await expect(someone.field("title")).to_have_value("Checked")
