"""Looking after an app: its API, events, settings."""

from __future__ import annotations

from playwright.async_api import Page, Route, expect

from libs.shared.testing.polling import eventually
from tests.browser.conftest import Opened, serious_findings
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
    await _answer_once_that_nothing_is_stored(page)
    await answer.get_by_role("link", name="Show the trace").click()
    await expect(page.get_by_text("The spans of this request are being stored.")).to_be_visible()
    await expect(someone.heading("Trace")).to_be_visible()


async def _answer_once_that_nothing_is_stored(page: Page) -> None:
    """Let the page ask for a trace before its spans have been stored."""
    absent = {"error": {"code": "NOT_FOUND", "message": "Trace not found"}}

    async def refuse(route: Route) -> None:
        await route.fulfill(status=404, json=absent)

    await page.route("**/_events/trace/*", refuse, times=1)


async def test_settings_are_changed_and_show_before_the_login(admin: Client, person: Opened) -> None:
    someone = await person()
    page = someone.page
    await someone.go("/settings")
    await page.get_by_role("textbox", name="Name that people read").fill("Bakery")
    await someone.button("Add a link").click()
    line = page.get_by_role("group", name="Links for everybody 1")
    await line.get_by_role("textbox", name="Text").fill("Handbook")
    await line.get_by_role("textbox", name="URL").fill("ftp://nowhere")
    await someone.button("Save").click()
    await expect(page.get_by_role("alert").first).to_be_visible()
    await line.get_by_role("textbox", name="URL").fill("https://example.com/handbook")
    await someone.save("Saved; it is in force now")
    assert (await admin.get("/_admin/settings")).data["branding"]["name"] == "Bakery"
    stranger = await person(login=False)
    await stranger.page.goto(f"{stranger.url}/admin/login?app={stranger.app}")
    await expect(stranger.heading("Log in to Bakery")).to_be_visible()
    await expect(stranger.page.get_by_role("link", name="Handbook")).to_be_visible()


async def test_figures_of_the_overview_lead_to_their_lists(admin: Client, person: Opened) -> None:
    someone = await person()
    page = someone.page
    steps = page.get_by_role("region", name="First steps")
    await expect(steps.get_by_role("link", name="Describe the first entity")).to_be_visible()
    await admin.define(entity("deal", text("title")))
    await admin.define({"entity": "deal", "url": "http://127.0.0.1:9/", "retry": {"max_attempts": 1}}, "webhooks")
    (await admin.post("/deal", {"title": "Oven"})).expect(201)
    figures = page.get_by_role("region", name="At a glance")

    async def failed() -> bool:
        return bool((await admin.get("/_admin/overview")).data["failed_deliveries"]["count"] == 1)

    await eventually(failed)
    await page.reload()
    await expect(figures.get_by_text("1", exact=True).first).to_be_visible()
    await figures.get_by_role("link", name="Deliveries").click()
    await expect(someone.heading("Deliveries")).to_be_visible()
    await expect(page.get_by_role("row", name="failed")).to_be_visible()


async def test_a_trace_is_walked_through_with_the_keyboard(admin: Client, person: Opened) -> None:
    await admin.define(entity("deal", text("title")))
    made = (await admin.post("/deal", {"title": "Oven"})).expect(201)
    trace = made.headers["X-Trace-Id"]

    async def stored() -> bool:
        return (await admin.get(f"/_events/trace/{trace}")).status == 200

    await eventually(stored)
    someone = await person()
    page = someone.page
    await someone.go(f"/events/{trace}")
    tree = page.get_by_role("tree", name="Trace")
    await expect(tree.get_by_role("treeitem").nth(1)).to_be_visible()
    spans = await tree.get_by_role("treeitem").count()
    await tree.focus()
    await someone.press("ArrowLeft")
    await expect(tree.get_by_role("treeitem")).to_have_count(1)
    await someone.press("ArrowRight")
    await expect(tree.get_by_role("treeitem")).to_have_count(spans)
    await page.get_by_role("textbox", name="Search spans").fill("write.insert")
    await expect(page.get_by_text("1 found")).to_be_visible()
    await someone.press("Enter")
    await expect(tree.locator("[aria-selected=true]")).to_contain_text("write.insert")
    await tree.focus()
    await someone.press("Enter")
    await expect(page.get_by_role("region", name="Span")).to_contain_text('"action": "write.insert"')


async def test_what_a_request_led_to_is_drawn_and_listed(admin: Client, person: Opened) -> None:
    await admin.define(entity("deal", text("title")))
    await admin.define({"entity": "deal", "url": "http://127.0.0.1:9/", "retry": {"max_attempts": 1}}, "webhooks")
    made = (await admin.post("/deal", {"title": "Oven"})).expect(201)
    trace = made.headers["X-Trace-Id"]

    async def failed() -> bool:
        nodes = (await admin.get(f"/_events/causality/{trace}")).data["nodes"]
        return {"error", "failed"} & {node["status"] for node in nodes} != set() and nodes[0]["status"] == "ok"

    await eventually(failed, within=20)
    someone = await person(bypass_csp=True)
    page = someone.page
    await someone.go(f"/events/{trace}")
    await page.get_by_role("link", name="What it led to").click()
    await expect(someone.heading("What the request led to")).to_be_visible()
    picture = page.get_by_role("region", name="What the request led to")
    await expect(picture.get_by_text("create deal")).to_be_visible()
    await expect(picture.get_by_text("Delivery · failed")).to_be_visible()
    effects = page.get_by_role("table", name="Effects")
    await expect(effects.get_by_role("row")).to_have_count(4)
    await effects.get_by_role("link", name="after_write").click()
    await page.get_by_role("link", name="What caused it").click()
    await expect(someone.heading("What the request led to")).to_be_visible()
    assert not await serious_findings(page)
