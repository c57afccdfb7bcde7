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
    await someone.tab("JSON")
    editor = page.get_by_role("textbox", name="JSON")
    await editor.fill(json.dumps({"entity": "deal", "action": "reed", "roles": ["clerk"]}))
    await someone.button("Save").click()
    await expect(page.get_by_role("alert")).to_contain_text("action")
    await expect(editor).to_have_text(json.dumps({"entity": "deal", "action": "reed", "roles": ["clerk"]}))
    await expect(page.locator(".cm-lintRange-error")).to_have_text('"reed"')
    await page.reload()
    await expect(page.get_by_text("This is your unsaved draft")).to_be_visible()
    await someone.tab("JSON")
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
    await someone.tab("JSON")
    editor = page.get_by_role("textbox", name="JSON")
    document = json.loads(await editor.inner_text())
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


async def test_a_state_machine_is_described_with_a_form_and_drawn(admin: Client, person: Opened) -> None:
    await admin.define(entity("deal", text("title"), text("stage", enum=["lead", "won"], default="lead")))
    someone = await person()
    page = someone.page
    await someone.go("/define/state-machines/new")
    await someone.choose("Entity", "deal")
    await someone.choose("Field", "stage")
    await someone.suggest("Initial state", "lead")
    line = page.get_by_role("group", name="Transitions 1")
    await line.get_by_role("combobox", name="From").fill("lead")
    await page.keyboard.press("Enter")
    await someone.suggest("To", "won")
    picture = page.get_by_role("region", name="States of stage")
    await expect(picture.get_by_role("img", name="lead → won")).to_be_attached()
    (await admin.post("/deal", {"title": "Oven"})).expect(201)
    await line.get_by_role("textbox", name="Only where this is true").fill("len(record.title) > 10")
    await someone.button("Try on stored records").click()
    tried = page.get_by_role("table", name="Transitions").get_by_role("row", name="lead → won")
    await expect(tried.get_by_role("link", name="Oven")).to_be_visible()
    await someone.save("Saved; it is in force now")
    machine = (await admin.get("/_admin/state-machines")).data[0]
    assert machine["definition"]["initial"] == "lead"
    assert [(step["from"], step["to"]) for step in machine["definition"]["transitions"]] == [("lead", "won")]


async def test_a_permission_is_given_with_a_form_and_shows_in_the_matrix(admin: Client, person: Opened) -> None:
    await admin.define(entity("deal", text("title"), text("region")))
    (await admin.post("/deal", {"title": "Oven", "region": "north"})).expect(201)
    someone = await person()
    page = someone.page
    await someone.go("/define/permissions/new")
    await someone.choose("Entity", "deal")
    await page.get_by_role("combobox", name="Roles").fill("clerk")
    await page.keyboard.press("Enter")
    await someone.button("Add a condition").click()
    line = page.get_by_role("group", name="Only records where all of this holds 1")
    await line.get_by_role("combobox", name="Field").click()
    await page.get_by_role("option", name="region", exact=True).click()
    await line.get_by_label("Value").fill("north")
    await page.get_by_text("All but some").click()
    await page.get_by_role("combobox", name="All but some").click()
    await page.get_by_role("option", name="title", exact=True).click()
    await page.keyboard.press("Escape")
    await someone.button("Who gains or loses what?").click()
    effect = page.get_by_role("table", name="By role").get_by_role("row", name="clerk").first
    await expect(effect).to_contain_text("none → some")
    await page.get_by_role("combobox", name="Sample of a record").click()
    await page.get_by_role("option", name="Oven").click()
    sample = page.get_by_role("table", name="Sample of a record")
    await expect(sample.get_by_role("row", name="title")).to_contain_text("not there")
    await someone.save("Saved; it is in force now")
    policy = (await admin.get("/_admin/permissions")).data[0]
    assert policy["conditions"] == [{"field": "region", "operator": "eq", "value": "north"}]
    assert policy["fields"] == {"exclude": ["title"]}

    await page.get_by_role("link", name="Permission matrix").click()
    row = page.get_by_role("row", name="deal")
    await expect(row.get_by_label("Read: in part (clerk)")).to_be_visible()
    await expect(row.get_by_label("Delete: nothing (clerk)")).to_be_visible()
    await page.get_by_role("button", name="deal").click()
    fields = page.get_by_role("table", name="Fields of deal")
    await expect(fields.get_by_role("row", name="title").get_by_text("nothing")).to_be_visible()
    await expect(page.get_by_text('region = "north"')).to_be_visible()


async def test_rows_that_stand_against_a_change_are_shown_and_corrected(admin: Client, person: Opened) -> None:
    await admin.define(entity("shop", text("name"), text("city")))
    for name, city in (("Alpha", "Vienna"), ("Beta", "Wien")):
        (await admin.post("/shop", {"name": name, "city": city})).expect(201)
    someone = await person()
    page = someone.page
    await someone.go("/define/entities/shop")
    await page.get_by_role("combobox", name="Values of city").fill("Vienna")
    await page.keyboard.press("Enter")
    await someone.button("Show the plan").click()
    rows = page.get_by_role("table", name="shop city")
    await expect(rows.get_by_role("row")).to_have_count(1)
    await rows.get_by_role("combobox", name="city of Beta").click()
    await page.get_by_role("option", name="Vienna", exact=True).click()
    await rows.get_by_role("button", name="Save the value").click()
    await expect(rows).to_have_count(0)
    await someone.button("Undo").click()
    await expect(page.get_by_text("Vienna", exact=True)).to_have_count(0)
    await someone.button("Redo").click()
    await someone.save("Saved; it is in force now")
    assert {row["city"] for row in (await admin.get("/shop")).data} == {"Vienna"}


async def test_a_rule_is_tried_on_stored_records_before_it_is_saved(admin: Client, person: Opened) -> None:
    await admin.define(entity("deal", text("title")))
    (await admin.post("/deal", {"title": "A"})).expect(201)
    (await admin.post("/deal", {"title": "A long title"})).expect(201)
    someone = await person()
    page = someone.page
    await someone.go("/define/rules/new")
    await someone.choose("Entity", "deal")
    editor = page.get_by_role("textbox", name="Violated where this is true")
    await editor.press_sequentially("len(record.titel) < 3")
    await expect(page.get_by_text("record has no `titel`; do you mean `title`?")).to_be_visible()
    await expect(page.locator(".cm-lintRange-error")).to_have_text("titel")
    await editor.fill("")
    await editor.press_sequentially("le")
    await expect(page.get_by_role("option", name="len")).to_be_visible()
    await page.keyboard.press("Enter")
    await editor.press_sequentially("(record.ti")
    await expect(page.get_by_role("option", name="title")).to_be_visible()
    await page.keyboard.press("Enter")
    await editor.press_sequentially(") < 3")
    await expect(editor).to_have_text("len(record.title) < 3")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("textbox", name="Message of the violation")).to_be_focused()
    await page.get_by_role("textbox", name="Message of the violation").fill("too short")
    await someone.button("Try on stored records").click()
    await expect(page.get_by_text("1 of 2 records would violate it")).to_be_visible()
    await page.get_by_text("A sample", exact=True).click()
    await page.get_by_role("textbox", name="Sample record").fill('{"title": "AB"}')
    await someone.button("Try on the sample").click()
    await expect(page.get_by_text("The sample violates the rule")).to_be_visible()
    assert (await admin.get("/_admin/rules")).data == []
    await someone.save("Saved; it is in force now")


async def test_entities_and_relations_are_drawn_and_lead_to_their_definitions(admin: Client, person: Opened) -> None:
    await admin.define(entity("shop", text("name")))
    await admin.define(entity("sale", text("title"), {"name": "shop_id", "type": "uuid"}))
    relation = {
        "name": "sales", "type": "one_to_many", "source": "shop", "target": "sale", "target_key": "shop_id",
        "on_delete": "cascade",
    }  # fmt: skip
    (await admin.post("/_admin/relations", relation)).expect(201)
    someone = await person()
    page = someone.page
    await someone.go("/define/relations/diagram")
    picture = page.get_by_role("region", name="Diagram")
    await expect(picture.get_by_role("img", name="shop → sale: sales 1:n")).to_be_attached()
    await picture.get_by_role("link", name="sale").focus()
    await page.keyboard.press("Enter")
    await expect(someone.heading("sale")).to_be_visible()
