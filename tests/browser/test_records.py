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

    await other.page.reload()
    await expect(other.field("title")).to_have_value("Oven II")
    await other.field("title").fill("Oven III")
    await other.save("Saved")
    await one.field("title").fill("Oven IV")
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
