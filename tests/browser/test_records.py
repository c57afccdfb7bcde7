"""Lists, forms, history, conflicts and errors of records."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Opened
from tests.support.client import Client, entity, integer, text

DEAL = entity(
    "deal",
    text("title", required=True),
    text("stage", enum=["lead", "won"], default="lead"),
    integer("amount"),
    text("code", unique=True),
    soft_delete=True,
)


@pytest.fixture
async def deals(admin: Client) -> Client:
    await admin.define(DEAL)
    for number, title in enumerate(("Oven", "Turbine", "Container")):
        (await admin.post("/deal", {"title": title, "amount": number, "code": f"C{number}"})).expect(201)
    return admin


async def test_a_record_is_created_changed_undone_and_deleted(deals: Client, person: Opened) -> None:
    someone = await person()
    page = someone.page
    await someone.go("/records/deal")
    await page.get_by_role("link", name="New").click()
    await someone.field("title").fill("Press")
    await someone.field("amount").fill("7")
    await someone.save("Created")
    await expect(someone.heading("Press")).to_be_visible()

    await someone.field("amount").fill("8")
    await someone.save("Saved")
    history = page.get_by_role("region", name="History")
    await expect(history.get_by_text("amount: 7 → 8")).to_be_visible()
    await history.get_by_role("button", name="Undo").first.click()
    undo = page.get_by_role("dialog")
    await expect(undo.get_by_role("row", name="amount")).to_contain_text("7")
    await undo.get_by_role("button", name="Undo").click()
    await expect(someone.field("amount")).to_have_value("7")

    await someone.button("Delete").first.click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(someone.heading("deal")).to_be_visible()
    await expect(someone.row("Oven")).to_be_visible()
    await expect(someone.row("Press")).to_have_count(0)
    await someone.button("Trash").click()
    await expect(someone.row("Press")).to_be_visible()


async def test_a_list_is_searched_filtered_and_sorted_by_its_url(deals: Client, person: Opened) -> None:
    someone = await person()
    page = someone.page
    await someone.go("/records/deal")
    await expect(page.get_by_text("3 records")).to_be_visible()
    await page.get_by_role("columnheader", name="title").get_by_role("button").click()
    await expect(page.locator(".rk-row").first).to_contain_text("Container")
    await page.get_by_label("Search").fill("turb")
    await expect(page.get_by_text("1 record")).to_be_visible()
    await expect(page).to_have_url(re.compile("q=turb"))
    await page.reload()
    await expect(someone.row("Turbine")).to_be_visible()
    await expect(someone.row("Oven")).to_have_count(0)

    await someone.row("Turbine").get_by_role("link").click()
    await expect(someone.heading("Turbine")).to_be_visible()
    await page.go_back()
    await expect(page).to_have_url(re.compile("q=turb"))
    await expect(page.get_by_text("1 record")).to_be_visible()


async def test_a_filter_names_a_field_an_operator_and_a_value(deals: Client, person: Opened) -> None:
    someone = await person()
    page = someone.page
    await someone.go("/records/deal")
    await someone.button("Filter").click()
    await someone.choose("Field", "amount")
    await someone.choose("Operator", "at least")
    await page.get_by_label("Value").fill("1")
    await someone.button("Apply").click()
    await expect(page.get_by_text("2 records")).to_be_visible()
    await expect(someone.row("Oven")).to_have_count(0)


async def test_validation_errors_appear_at_their_fields(deals: Client, person: Opened) -> None:
    someone = await person()
    await someone.go("/records/deal/new")
    await someone.field("title").fill("Second oven")
    await someone.field("code").fill("C0")
    await someone.field("amount").fill("many")
    await someone.button("Save").click()
    form = someone.page.get_by_role("form", name="Fields of the record")
    await expect(form.get_by_role("alert")).to_be_visible()
    await expect(someone.field("amount")).to_have_attribute("aria-invalid", "true")
    await someone.field("amount").fill("3")
    await someone.button("Save").click()
    await expect(someone.field("code")).to_have_attribute("aria-invalid", "true")
    await expect(someone.field("title")).to_have_value("Second oven")
    await someone.field("code").fill("C9")
    await someone.save("Created")


async def test_disjoint_edits_are_merged_and_conflicting_edits_ask_the_user(deals: Client, person: Opened) -> None:
    one, other = await person(), await person()
    for someone in (one, other):
        await someone.go("/records/deal")
        await someone.row("Oven").get_by_role("link").click()
        await expect(someone.field("title")).to_have_value("Oven")
    await other.field("amount").fill("100")
    await other.save("Saved")

    await one.field("title").fill("Oven II")
    await one.save("Saved")
    await expect(one.field("amount")).to_have_value("100")

    # Both have begun to edit the same field when one of them saves.
    await one.field("title").fill("Oven IV")
    await expect(other.field("title")).to_have_value("Oven II")
    await other.field("title").fill("Oven III")
    await other.save("Saved")
    await one.button("Save").click()
    await expect(one.page.get_by_text("Which value shall stand?")).to_be_visible()
    await one.page.get_by_role("radio", name="Oven III").check()
    await one.button("Save with these values").click()
    await expect(one.field("title")).to_have_value("Oven III")


async def test_only_permitted_actions_are_offered(deals: Client, person: Opened) -> None:
    await deals.grant("deal", "read", "clerk", fields={"exclude": ["amount"]})
    await deals.user("ann@example.com", ["clerk"])
    clerk = await person("ann@example.com", "secret-1")
    navigation = clerk.page.get_by_role("navigation", name="Screens")
    await expect(navigation.get_by_role("link", name="deal")).to_be_visible()
    await expect(navigation.get_by_role("link", name="Entities")).to_have_count(0)
    await clerk.go("/records/deal")
    await expect(clerk.row("Oven")).to_be_visible()
    await expect(clerk.page.get_by_role("columnheader", name="amount")).to_have_count(0)
    await expect(clerk.page.get_by_role("link", name="New")).to_have_count(0)
    await clerk.row("Oven").get_by_role("link").click()
    await expect(clerk.heading("Oven")).to_be_visible()
    await expect(clerk.button("Delete")).to_have_count(0)
    await expect(clerk.button("Save")).to_have_count(0)


async def test_a_reference_is_chosen_by_name(admin: Client, person: Opened) -> None:
    await admin.define(entity("company", text("name", required=True)))
    await admin.define(entity("contact", text("name"), {"name": "company_id", "type": "uuid"}))
    await admin.relate("contacts", "one_to_many", "company", "contact")
    for name in ("Acme", "Birkenhof"):
        (await admin.post("/company", {"name": name})).expect(201)
    someone = await person()
    await someone.go("/records/contact/new")
    await someone.field("name").fill("Ada")
    await someone.page.get_by_role("combobox", name="company_id").fill("birk")
    await someone.page.get_by_role("option", name="Birkenhof").click()
    await someone.save("Created")
    await someone.go("/records/contact")
    await expect(someone.row("Ada")).to_contain_text("Birkenhof")


async def test_a_referenced_record_is_created_where_it_is_chosen(admin: Client, person: Opened) -> None:
    await admin.define(entity("company", text("name", required=True)))
    await admin.define(entity("contact", text("name"), {"name": "company_id", "type": "uuid"}))
    await admin.relate("contacts", "one_to_many", "company", "contact")
    someone = await person()
    page = someone.page
    await someone.go("/records/contact/new")
    await someone.field("name").fill("Ada")
    await page.get_by_role("combobox", name="company_id").fill("Quarry")
    await page.get_by_role("option", name="+ New company “Quarry”").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("textbox", name="name")).to_have_value("Quarry")
    await dialog.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("combobox", name="company_id")).to_have_value("Quarry")
    await someone.save("Created")
    company = (await admin.get("/company")).data[0]
    assert (await admin.get("/contact")).data[0]["company_id"] == company["id"]

    # Its table of related records and its history name what they refer to.
    await someone.go(f"/records/company/{company['id']}")
    await expect(page.get_by_role("table", name="contacts").get_by_role("link", name="Ada")).to_be_visible()
    await page.get_by_role("table", name="contacts").get_by_role("link", name="Ada").click()
    history = page.get_by_role("region", name="History")
    await expect(history.get_by_text("company_id: Quarry")).to_be_visible()

    # A choice never hides what is stored: who may not read the company sees its key.
    for action in ("read", "update"):
        await admin.grant("contact", action, "clerk")
    await admin.grant("company", "read", "clerk", conditions=[{"field": "name", "operator": "eq", "value": "Other"}])
    await admin.user("ann@example.com", ["clerk"])
    clerk = await person("ann@example.com", "secret-1")
    await clerk.go(f"/records/contact/{(await admin.get('/contact')).data[0]['id']}")
    await expect(clerk.page.get_by_role("combobox", name="company_id")).to_have_value(company["id"])


async def test_versions_are_compared_and_fields_set_back_where_an_undo_meets_later_changes(
    admin: Client, person: Opened
) -> None:
    await admin.define(entity("order", text("title"), text("note"), integer("net"), integer("gross")))
    rule = {"field": "gross", "expression": "record.net * 2"}
    await admin.define({"entity": "order", "hook": "before_write", "type": "computed", "definition": rule}, "rules")
    record = (await admin.post("/order", {"title": "First", "note": "a", "net": 1})).expect(201).data
    for change in ({"title": "Second", "note": "b"}, {"title": "Third"}):
        (await admin.put(f"/order/{record['id']}", change)).expect(200)
    someone = await person()
    page = someone.page
    await someone.go(f"/records/order/{record['id']}")
    # What a rule computes is no input.
    await expect(page.get_by_role("group", name="gross")).to_contain_text("Computed by a rule")
    await expect(someone.field("gross")).to_have_count(0)

    # The second change has been followed by another one of the title: only the note is set back unasked.
    await page.get_by_role("region", name="History").get_by_role("button", name="Undo").nth(1).click()
    undo = page.get_by_role("dialog")
    await expect(undo.get_by_text("was changed 1 time since")).to_be_visible()
    await expect(undo.get_by_role("row", name="title")).to_contain_text("by admin@localhost")
    await expect(undo.get_by_role("checkbox", name="title")).not_to_be_checked()
    await undo.get_by_role("button", name="Set this field back").click()
    await expect(someone.field("note")).to_have_value("a")
    await expect(someone.field("title")).to_have_value("Third")

    await someone.button("Compare versions").click()
    versions = page.get_by_role("dialog")
    await versions.get_by_role("slider").focus()
    await page.keyboard.press("Home")
    await expect(versions.get_by_text("Version 1 of 4")).to_be_visible()
    await expect(versions.get_by_role("row", name="title")).to_contain_text("First")
    await versions.get_by_role("button", name="Go back to version 1").click()
    await expect(someone.field("title")).to_have_value("First")

    # Empty is not the same as an empty text; and a form with edits is not left unasked.
    await someone.button("Leave note empty").click()
    await page.get_by_role("link", name="All of order").click()
    await page.get_by_role("dialog").get_by_role("button", name="Stay").click()
    await someone.save("Saved")
    assert (await admin.get(f"/order/{record['id']}")).data["note"] is None


async def test_transitions_that_are_not_possible_say_why(admin: Client, person: Opened) -> None:
    await admin.define(entity("bill", text("title"), text("status", default="open"), integer("amount")))
    machine = {
        "initial": "open",
        "transitions": [
            {"from": "open", "to": "paid", "guard": "record.amount > 5"},
            {"from": "paid", "to": "closed"},
            {"from": "open", "to": "void"},
        ],
    }
    await admin.define({"entity": "bill", "field": "status", "definition": machine}, "state-machines")
    bill = (await admin.post("/bill", {"title": "Coal", "amount": 1})).expect(201).data
    someone = await person()
    page = someone.page
    await someone.go(f"/records/bill/{bill['id']}")
    await expect(someone.button("void")).to_be_visible()
    await expect(someone.button("paid")).to_have_count(0)
    await someone.button("Other states").click()
    await expect(page.get_by_text("its condition does not hold: record.amount > 5")).to_be_visible()
    await expect(page.get_by_text("begins in paid")).to_be_visible()
    await page.keyboard.press("Escape")

    # Somebody else makes it possible. The record follows; a form with edits keeps them, and says so.
    await someone.field("title").fill("Coke")
    (await admin.put(f"/bill/{bill['id']}", {"amount": 10})).expect(200)
    await expect(page.get_by_text("Somebody else has saved this record")).to_be_visible()
    await expect(someone.field("title")).to_have_value("Coke")
    await someone.save("Saved")
    await expect(someone.field("amount")).to_have_value("10")
    await someone.button("paid").click()
    await expect(page.get_by_text("Now paid")).to_be_visible()
    await expect(someone.button("closed")).to_be_visible()
