"""Talking about a record, seeing what has happened to it, and the audit log with its way back."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Opened, serious_findings
from tests.support.client import Client, entity, integer, text

DEAL = entity("deal", text("title", required=True), text("stage", default="lead"), integer("amount"))


@pytest.fixture
async def deal(admin: Client) -> str:
    await admin.define(DEAL)
    machine = {"initial": "lead", "transitions": [{"from": "lead", "to": "won"}]}
    await admin.define({"entity": "deal", "field": "stage", "definition": machine}, "state-machines")
    await admin.grant("deal", "read", "sales")
    return str((await admin.post("/deal", {"title": "Oven", "amount": 1})).expect(201).data["id"])


async def test_people_talk_about_a_record(admin: Client, person: Opened, deal: str) -> None:
    ann = await admin.user("ann@example.com", ["sales"])
    someone, other = await person(bypass_csp=True), await person("ann@example.com", "secret-1")
    for each in (someone, other):
        await each.go(f"/records/deal/{deal}")
    mine, theirs = (each.page.get_by_role("region", name="Comments") for each in (someone, other))
    # Behind an @ people are suggested, and chosen by the keyboard; the preview shows Markdown and no HTML.
    await mine.get_by_role("textbox", name="Write").fill("Is **this** <b>right</b>, @an")
    await expect(mine.get_by_role("option", name="@ann ann@example.com")).to_be_visible()
    await mine.get_by_role("textbox", name="Write").press("Enter")
    await expect(mine.get_by_role("textbox", name="Write")).to_have_value("Is **this** <b>right</b>, @ann@example.com ")
    await mine.get_by_text("Preview", exact=True).click()
    preview = mine.get_by_role("region", name="Preview")
    await expect(preview.locator("strong")).to_have_text("this")
    await expect(preview).to_contain_text("<b>right</b>")
    await mine.get_by_role("button", name="Comment", exact=True).click()
    # Others see it at once, and reply.
    await expect(theirs.get_by_role("article")).to_contain_text("right")
    assert (await ann.get(f"/deal/{deal}/comments")).data[0]["mentions"][0]["email"] == "ann@example.com"
    await theirs.get_by_role("button", name="Reply").click()
    await theirs.get_by_role("textbox", name="Reply").fill("Yes")
    await theirs.get_by_role("button", name="Reply", exact=True).first.click()
    answer = mine.get_by_role("article", name="Comment by ann@example.com")
    await expect(answer).to_contain_text("Yes")
    await expect(answer.get_by_role("button", name="Edit")).to_have_count(0)
    # One's own comment is changed, and deleted; with a reply it leaves its place.
    own = mine.get_by_role("article", name="Comment by admin@localhost")
    await own.get_by_role("button", name="Edit").click()
    await own.get_by_role("textbox", name="Edit the comment").fill("Right?")
    await own.get_by_role("button", name="Save").click()
    await expect(theirs.get_by_role("article").first).to_contain_text("edited")
    await own.get_by_role("button", name="Delete").click()
    await own.get_by_role("button", name="Delete").click()
    await expect(theirs).to_contain_text("This comment was deleted.")
    assert await serious_findings(someone.page) == []
    # The activity has comments and changes side by side.
    await admin.put(f"/deal/{deal}", {"stage": "won", "amount": 2})
    await someone.tab("Activity")
    activity = someone.page.get_by_role("region", name="Activity")
    await expect(activity).to_contain_text("lead → won")
    await expect(activity).to_contain_text("amount: 1 → 2")
    await someone.choose("Kind of activity", "Comment")
    await expect(activity).to_contain_text("Yes")
    await expect(activity).not_to_contain_text("won")


async def test_a_change_is_found_in_the_audit_log_and_taken_back(admin: Client, person: Opened, deal: str) -> None:
    (await admin.put(f"/deal/{deal}", {"amount": 9})).expect(200)
    someone = await person(bypass_csp=True)
    page = someone.page
    await someone.go(f"/audit?record_id={deal}&action=update")
    await page.get_by_role("button", name="amount").click()
    change = page.get_by_role("dialog")
    await expect(change.get_by_role("row", name="amount")).to_contain_text("9")
    await expect(change.get_by_role("row", name="title")).to_have_count(0)
    await change.get_by_role("switch", name="Unchanged fields too").click()
    await expect(change.get_by_role("row", name="title")).to_contain_text("Oven")
    timeline = change.get_by_role("region", name="All changes of this record")
    await expect(timeline.get_by_text("Created")).to_be_visible()
    await change.get_by_role("button", name="Undo").click()
    await change.get_by_role("button", name="Undo").click()
    await expect(page.get_by_text("Undone", exact=True).first).to_be_visible()
    assert (await admin.get(f"/deal/{deal}")).data["amount"] == 1
    await change.get_by_role("button", name="Close").click()
    async with page.expect_download() as started:
        await someone.button("Export").click()
        await page.get_by_role("menuitem", name="CSV").click()
    assert (await started.value).suggested_filename == "audit-logs.csv"
    await expect(page.get_by_role("menu")).to_have_count(0)  # it goes away by and by
    assert await serious_findings(page) == []
