"""Login, navigation, appearance, and an unreachable server."""

from __future__ import annotations

from playwright.async_api import Route, expect

from deploy.embedded.stack import Stack
from tests.browser.conftest import Opened, serious_findings
from tests.support.client import Client, entity, text

PHONE = {"width": 390, "height": 844}


async def test_a_wrong_password_is_reported_and_a_right_one_logs_in(admin: Client, person: Opened) -> None:
    someone = await person(login=False)
    page = someone.page
    await page.goto(f"{someone.url}/admin/{someone.app}/tasks")
    await page.get_by_label("E-mail").fill("admin@localhost")
    await page.locator("input[type=password]").fill("wrong")
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.locator("input[type=password]").fill("changeme")
    await page.get_by_role("button", name="Log in").click()
    await expect(someone.heading("My tasks")).to_be_visible()
    await page.reload()
    await expect(someone.heading("My tasks")).to_be_visible()

    await someone.button("Account").click()
    await page.get_by_role("menuitem", name="Log out").click()
    await expect(page.get_by_role("button", name="Log in")).to_be_visible()
    await someone.go("/tasks")
    await expect(page.get_by_role("button", name="Log in")).to_be_visible()


async def test_the_palette_leads_to_every_screen_by_keyboard(admin: Client, person: Opened) -> None:
    someone = await person()
    await someone.page.keyboard.press("Control+k")
    await someone.page.get_by_label("Go to a screen").fill("state m")
    await someone.page.keyboard.press("Enter")
    await expect(someone.heading("State machines")).to_be_visible()


async def test_every_screen_opens_and_axe_has_nothing_serious(admin: Client, person: Opened) -> None:
    await admin.define(entity("deal", text("title")))
    (await admin.post("/deal", {"title": "Oven"})).expect(201)
    ask = {"id": "ask", "type": "approval", "approvers": [{"role": "boss"}], "timeout": "1h"}
    workflow = await admin.define({"name": "ask", "trigger": {"type": "manual"}, "steps": [ask]}, "workflows")
    run = (await admin.post("/_workflows/start", {"workflow": "ask"})).expect(201).data["id"]
    findings: list[str] = []
    for scheme, language in (("light", "en"), ("dark", "ar")):
        someone = await person(color_scheme=scheme, bypass_csp=True)
        await someone.page.evaluate(f"localStorage.setItem('rocket.language', '{language}')")
        await someone.go("")
        links = someone.page.get_by_role("navigation").get_by_role("link")
        await expect(links.nth(20)).to_be_visible()
        await expect(someone.page.locator("html")).to_have_attribute("dir", "rtl" if language == "ar" else "ltr")
        addresses = [await link.get_attribute("href") for link in await links.all()]
        forms = (
            "relations",
            "rules",
            "state-machines",
            "workflows",
            "permissions",
            "webhooks",
            "notification-rules",
            "notification-channels",
            "notification-templates",
            "dashboards",
        )
        flows = [
            f"define/workflows/{workflow['id']}",
            f"define/workflows/{workflow['id']}/simulate",
            f"instances/{run}",
        ]
        further = ["account", *flows, "records/deal/new", *(f"define/{kind}/new" for kind in forms)]
        for address in [*addresses, *(f"/admin/{someone.app}/{path}" for path in further)]:
            await someone.page.goto(f"{someone.url}{address}")
            await expect(someone.page.get_by_role("heading", level=1)).to_be_visible()
            await expect(someone.page.locator(".mantine-Loader-root, .mantine-Skeleton-root")).to_have_count(0)
            alerts = someone.page.locator("main").get_by_role("alert")
            findings += [f"{address}: {text}" for text in await alerts.all_inner_texts()]
            findings += await serious_findings(someone.page)
    assert not findings, "\n".join(findings)


async def test_a_phone_shows_lists_and_forms_without_scrolling_the_page_sideways(admin: Client, person: Opened) -> None:
    await admin.define(entity("deal", text("title"), text("note")))
    (await admin.post("/deal", {"title": "Oven"})).expect(201)
    someone = await person(viewport=PHONE)
    page = someone.page
    await page.get_by_role("button", name="Menu").click()
    await page.get_by_role("navigation").get_by_role("link", name="deal").click()
    await someone.row("Oven").get_by_role("link").click()
    await expect(someone.field("title")).to_have_value("Oven")
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


async def test_help_and_similar_names_are_offered_also_on_a_phone(admin: Client, person: Opened) -> None:
    await admin.define(entity("deal", text("title")))
    someone = await person(viewport=PHONE)
    page = someone.page
    await someone.go("/define/rules")
    await someone.button("Help").click()
    panel = page.get_by_role("dialog", name="Help")
    await expect(panel.get_by_role("heading", name="Keys of a rule")).to_be_visible()
    await panel.get_by_role("button", name="expression", exact=True).first.click()
    await expect(panel.get_by_role("heading", name="What an expression can see")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(panel).to_have_count(0)
    await someone.button("Now").click()
    await expect(page.get_by_label("Moment")).to_be_visible()
    await someone.go("/records/dael")
    await expect(page.get_by_role("alert")).to_contain_text("dael")
    await page.get_by_role("main").get_by_role("link", name="deal", exact=True).click()
    await expect(someone.heading("deal")).to_be_visible()
    await someone.go("/taks")
    await page.get_by_role("link", name="tasks", exact=True).click()
    await expect(someone.heading("My tasks")).to_be_visible()


async def test_a_service_that_is_away_is_named_until_it_is_back(stack: Stack, admin: Client, person: Opened) -> None:
    someone = await person()
    await stack.stop("events", 0)
    try:
        await someone.go("/audit")
        await expect(someone.page.get_by_role("alert").filter(has_text="Away: events")).to_be_visible()
    finally:
        await stack.start("events", 0)
        await stack.ready()
    await expect(someone.page.get_by_role("alert")).to_have_count(0)
    await expect(someone.heading("Audit")).to_be_visible()


async def test_an_unreachable_server_is_reported_until_it_answers_again(
    stack: Stack, admin: Client, person: Opened
) -> None:
    await admin.define(entity("deal", text("title")))
    (await admin.post("/deal", {"title": "Oven"})).expect(201)
    someone = await person()
    await someone.go("/records/deal/new")
    await someone.field("title").fill("Press")
    await stack.stop("gateway", 0)
    try:
        await someone.button("Save").click()
        form = someone.page.get_by_role("form", name="Fields of the record")
        await expect(form.get_by_role("alert")).to_contain_text("can't be reached")
        await expect(someone.field("title")).to_have_value("Press")
    finally:
        await stack.start("gateway", 0)
        await stack.ready()
    await someone.save("Created")


async def test_language_and_looks_are_chosen_and_screens_are_found_on_a_phone(admin: Client, person: Opened) -> None:
    someone = await person(viewport=PHONE)
    page = someone.page
    # What stands with words on a wide screen is reached here too.
    await someone.button("Now").click()
    await expect(page.get_by_label("Moment")).to_be_visible()
    await someone.press("Escape")
    await someone.button("Go to").click()
    await page.get_by_label("Go to a screen").fill("my acc")
    await someone.press("Escape")
    await someone.button("Account").click()
    await page.get_by_role("menuitem", name="Dark").click()
    await expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
    await someone.button("Account").click()
    await page.get_by_role("menuitem", name="العربية").click()
    await expect(page.locator("html")).to_have_attribute("dir", "rtl")
    await expect(page.get_by_role("heading", level=1)).not_to_have_text("Overview")
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("dir", "rtl")
    await page.evaluate("localStorage.setItem('rocket.language', 'de')")
    await someone.go("/tasks")
    await expect(someone.heading("Meine Aufgaben")).to_be_visible()


async def test_a_session_is_refreshed_silently(admin: Client, person: Opened) -> None:
    await admin.define(entity("deal", text("title")))
    (await admin.post("/deal", {"title": "Oven"})).expect(201)
    someone = await person()

    async def expire(route: Route) -> None:
        await route.fulfill(status=401, json={"error": {"code": "UNAUTHORIZED", "message": "The token has expired"}})

    await someone.page.route("**/deal?*", expire, times=1)
    async with someone.page.expect_request("**/auth/refresh"):
        await someone.go("/records/deal")
    await expect(someone.row("Oven")).to_be_visible()
