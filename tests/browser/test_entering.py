"""Ways into the app: invites, second factors, reset passwords, several tabs, and looking as somebody else."""

from __future__ import annotations

from playwright.async_api import Request, expect

from tests.browser.conftest import Opened
from tests.support.accounts import code, mailed_token
from tests.support.client import Client, entity, text
from tests.support.receivers import Mailbox

FIRST, SECOND = "first-password-1", "second-password-2"


async def test_somebody_is_invited_sets_up_a_second_factor_and_resets_the_password(
    admin: Client, person: Opened, mails: Mailbox
) -> None:
    someone = await person()
    address = f"ann@{someone.app}.example"
    await someone.go("/people/invites")
    await someone.button("Invite").click()
    form = someone.page.get_by_role("dialog")
    await form.get_by_label("E-mail addresses").fill(address)
    await form.get_by_role("button", name="Invite").click()
    link = await form.locator("code").inner_text()

    ann = await person(login=False)
    page = ann.page
    await page.goto(link)
    await page.locator("input[type=password]").fill(FIRST)
    await ann.button("Set the password").click()
    await expect(ann.heading("Overview")).to_be_visible()

    await ann.go("/account")
    factor = page.locator(".mantine-Card-root", has_text="Second factor")
    await factor.locator("input[type=password]").fill(FIRST)
    await ann.button("Set up a second factor").click()
    secret = await factor.locator(".mantine-Code-root").inner_text()
    await factor.get_by_label("Code of your second factor").fill(code(secret))
    await ann.button("Confirm").click()
    await expect(factor.get_by_text("Keep these recovery codes.")).to_be_visible()
    recovery = (await factor.locator(".mantine-Code-root").inner_text()).splitlines()

    await ann.button("Account").click()
    await page.get_by_role("menuitem", name="Log out").click()
    await page.get_by_label("E-mail").fill(address)
    await page.locator("input[type=password]").fill(FIRST)
    await ann.button("Log in").click()
    await page.get_by_label("Code of your second factor").fill(code(secret, 1))
    await ann.button("Log in").click()
    await expect(ann.heading("Overview")).to_be_visible()

    other = await person(login=False)
    await other.page.goto(f"{other.url}/admin/login?app={other.app}")
    await other.page.get_by_label("E-mail").fill(address)
    await other.button("Forgot the password?").click()
    await expect(other.page.get_by_text("a mail is on its way")).to_be_visible()
    token = await mailed_token(mails, address, "New password")
    await other.page.goto(f"{other.url}/admin/reset-password?app={other.app}&token={token}")
    await other.page.locator("input[type=password]").fill(SECOND)
    await other.button("Set the password").click()
    await other.page.get_by_label("E-mail").fill(address)
    await other.page.locator("input[type=password]").fill(SECOND)
    await other.button("Log in").click()
    await other.page.get_by_label("Code of your second factor").fill(recovery[0])
    await other.button("Log in").click()
    await expect(other.heading("Overview")).to_be_visible()


async def test_tabs_share_a_session_and_one_live_stream(admin: Client, person: Opened) -> None:
    await admin.define(entity("deal", text("title")))
    record = (await admin.post("/deal", {"title": "Oven"})).expect(201).data
    someone = await person()
    context = someone.page.context
    streams: list[Request] = []
    context.on("request", lambda request: streams.append(request) if "/_live?" in request.url else None)
    tabs = [someone.page, await context.new_page(), await context.new_page()]
    filtered = '/records/deal?where=[{"field":"title","op":"contains","value":"en"}]'
    addresses = ("/records/deal", "/records/deal", filtered)
    for tab, address in zip(tabs, addresses, strict=True):
        await tab.goto(f"{someone.url}/admin/{someone.app}{address}")
        await expect(tab.locator(".rk-row", has_text="Oven")).to_be_visible()
    (await admin.put(f"/deal/{record['id']}", {"title": "Open"})).expect(200)
    for tab in tabs:
        await expect(tab.locator(".rk-row", has_text="Open")).to_be_visible()
    assert len(streams) == 1
    await tabs[0].close()
    (await admin.put(f"/deal/{record['id']}", {"title": "Oven"})).expect(200)
    await expect(tabs[1].locator(".rk-row", has_text="Oven")).to_be_visible()
    (await admin.put(f"/deal/{record['id']}", {"title": "Press"})).expect(200)
    await expect(tabs[2].locator(".rk-row[data-left=true]")).to_be_visible()
    assert len(streams) == 2
