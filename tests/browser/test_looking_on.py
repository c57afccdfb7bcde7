"""Looking at an app: as one of its users, at its events as they come, and where a live stream is refused."""

from __future__ import annotations

import json
import re

import pytest
from playwright.async_api import Route, expect

from tests.browser.conftest import Opened
from tests.support.client import Client, entity, integer, text


@pytest.fixture
async def deals(admin: Client) -> Client:
    await admin.define(entity("deal", text("title", required=True), integer("margin")))
    await admin.grant("deal", "read", "clerk", fields={"exclude": ["margin"]})
    await admin.grant("deal", "update", "clerk")
    (await admin.post("/deal", {"title": "Oven", "margin": 7})).expect(201)
    return admin


async def test_an_admin_sees_the_app_as_a_user_and_changes_nothing(deals: Client, person: Opened) -> None:
    await deals.user("clerk@example.com", ["clerk"])
    someone = await person()
    page = someone.page
    await someone.go("/people/users")
    await page.get_by_role("row", name="clerk@example.com").get_by_role("button", name="View as").click()
    bar = page.get_by_role("status").filter(has_text="You see the app as clerk@example.com (clerk)")
    await expect(bar).to_be_visible()
    screens = page.get_by_role("navigation", name="Screens")
    await expect(screens.get_by_role("link", name="Entities")).to_have_count(0)
    await screens.get_by_role("link", name="deal").click()
    await expect(page.get_by_role("columnheader", name="margin")).to_have_count(0)
    await someone.row("Oven").get_by_role("link").click()
    await expect(someone.heading("Oven")).to_be_visible()

    await expect(someone.button("Save")).to_have_count(0)

    # Not only the screens offer no change: the server refuses whatever comes with this token.
    stored = await page.evaluate(f"sessionStorage.getItem('rocket.view.{someone.app}')")
    record = (await deals.get("/deal")).data[0]["id"]
    refused = await deals.with_token(json.loads(stored)["access"]).put(f"/deal/{record}", {"title": "Press"})
    assert refused.status == 403
    await expect(bar).to_be_visible()
    assert [row["title"] for row in (await deals.get("/deal")).data] == ["Oven"]
    await someone.button("Back to myself").click()
    await expect(someone.heading("Users")).to_be_visible()
    await expect(bar).to_have_count(0)
    await expect(screens.get_by_role("link", name="Entities")).to_be_visible()


async def test_events_come_live_wait_while_paused_and_are_filtered(deals: Client, person: Opened) -> None:
    someone = await person()
    page = someone.page
    await someone.go("/events/live")
    await expect(page.get_by_text("live", exact=True)).to_be_visible()
    log = page.get_by_role("log", name="Live events")
    (await deals.post("/deal", {"title": "Press"})).expect(201)
    await expect(log.get_by_text(re.compile("POST .*/deal 201"))).to_be_visible()
    await someone.button("Pause").click()
    (await deals.post("/deal", {"title": "Lathe"})).expect(201)
    await expect(page.get_by_role("button", name=re.compile(r"Go on \([1-9]"))).to_be_visible()
    before = await log.get_by_text(re.compile("POST .*/deal")).count()
    await page.get_by_role("button", name="Go on").click()
    await expect(log.get_by_text(re.compile("POST .*/deal"))).not_to_have_count(before)
    await page.get_by_role("textbox", name="Entity").fill("nothing")
    await expect(page).to_have_url(re.compile("entity=nothing"))
    await someone.button("Clear").click()
    (await deals.post("/deal", {"title": "Mill"})).expect(201)
    await expect(log.get_by_text("Nothing has come yet.")).to_be_visible()
    await page.get_by_role("textbox", name="Entity").fill("deal")
    await expect(page).to_have_url(re.compile("entity=deal"))
    await expect(page.get_by_text("live", exact=True)).to_be_visible()
    (await deals.post("/deal", {"title": "Saw"})).expect(201)
    await log.get_by_role("link").first.click()
    await expect(someone.heading("Trace")).to_be_visible()


async def test_a_refused_live_stream_says_so_and_is_tried_again(deals: Client, person: Opened) -> None:
    await deals.user("clerk@example.com", ["clerk"])
    someone = await person("clerk@example.com", "secret-1")
    page = someone.page

    # Events are for admins: whoever comes by the address is told, and nothing goes on loading.
    await someone.go("/events/live")
    await expect(page.get_by_text("refused", exact=True)).to_be_visible()
    await expect(someone.button("Try again")).to_be_visible()

    async def refuse(route: Route) -> None:
        await route.fulfill(status=403, json={"error": {"code": "FORBIDDEN", "message": "Too late in the day"}})

    await page.route("**/_live?*", refuse)
    await someone.go("/records/deal")
    await expect(someone.row("Oven")).to_be_visible()
    told = page.get_by_role("status").filter(has_text="Lists don't follow changes: Too late in the day")
    await expect(told).to_be_visible()
    await page.unroute("**/_live?*")
    async with page.expect_response(lambda response: "/_live?" in response.url):
        await told.get_by_role("button", name="Try again").click()
    await expect(told).to_have_count(0)
    record = (await deals.get("/deal")).data[0]
    (await deals.put(f"/deal/{record['id']}", {"title": "Open"})).expect(200)
    await expect(someone.row("Open")).to_be_visible()
