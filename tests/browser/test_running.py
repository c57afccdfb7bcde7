"""Looking after an app: its API, events, settings."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.conftest import Opened
from tests.support.client import Client, entity, text


async def test_an_operation_of_the_api_is_found_filled_in_sent_and_traced(admin: Client, person: Opened) -> None:
    await admin.define(entity("deal", text("title", required=True)))
    someone = await person()
    page = someone.page
    await someone.go("/api")
    await page.get_by_role("textbox", name="Search operations").fill("post new record /deal")
    await page.get_by_role("button", name="POST /deal A new record").click()
    body = page.get_by_role("textbox", name="Body")
    await expect(body).to_contain_text('"title": ""')
    await body.fill('{"title": "Oven", "titel": 1}')
    await someone.button("Send").click()
    answer = page.get_by_role("region", name="Answer")
    await expect(answer.get_by_text("422", exact=True)).to_be_visible()
    await body.fill('{"title": "Oven"}')
    await someone.button("Send").click()
    await expect(answer.get_by_text("201", exact=True)).to_be_visible()
    assert [row["title"] for row in (await admin.get("/deal")).data] == ["Oven"]
    await someone.tab("Headers")
    await expect(answer.get_by_role("row", name="etag")).to_be_visible()
    await answer.get_by_role("link", name="Show the trace").click()
    await expect(someone.heading("Trace")).to_be_visible()
