"""Logins at a provider: an admin sets it up, somebody logs in there, comes back, and logs out on both sides."""

from __future__ import annotations

from playwright.async_api import Page, expect

from deploy.embedded.stack import Stack
from tests.browser.conftest import Opened, serious_findings
from tests.support.client import Client
from tests.support.oidc_provider import free_port, oidc_provider

CLAIMS = '{"groups": ["sales"], "email": "ann@example.org"}'
ANN = {"email": "ann@example.org", "email_verified": True, "groups": ["sales"]}


async def test_a_provider_is_set_up_and_logged_in_at(admin: Client, stack: Stack, person: Opened) -> None:
    url, app = stack.gateway_urls[0], admin.prefix.removeprefix("/api/")
    base = f"{url}{admin.prefix}/auth/oidc/company"
    registered = {
        "client_id": "rocket",
        "client_secret": "secret-of-tests",
        "redirect_uris": [f"{base}/callback"],
        "post_logout_redirect_uris": [f"{url}/admin/login?app={app}"],
    }
    async with oidc_provider([registered], {"ann": ANN}, free_port()) as provider:
        someone = await person(bypass_csp=True)
        page = someone.page
        await someone.go("/people/providers")
        await someone.button("New provider").click()
        await page.get_by_role("menuitem", name="OpenID Connect").click()
        form = page.get_by_role("dialog")
        await form.get_by_label("Name", exact=False).first.fill("company")
        await form.get_by_label("Label").first.fill("The company")
        await form.get_by_role("textbox", name="Issuer").fill(f"{provider.issuer}/wrong")
        await form.get_by_label("Client ID").fill("rocket")
        await form.get_by_label("Client secret").fill("secret-of-tests")
        await form.get_by_label("Scopes").first.fill("groups")
        await page.keyboard.press("Enter")
        await form.get_by_role("button", name="Add a line").click()
        await form.get_by_label("Value").first.fill("sales")
        await form.get_by_label("Roles", exact=True).first.fill("admin")
        await page.keyboard.press("Enter")
        await form.get_by_label("Try on claims").fill(CLAIMS)
        await form.get_by_role("button", name="Try", exact=True).click()
        await expect(form.get_by_text("Roles: admin")).to_be_visible()
        await form.get_by_role("button", name="Save").click()
        await expect(form.get_by_role("alert")).to_contain_text("issuer")
        await form.get_by_role("textbox", name="Issuer").fill(provider.issuer)
        await form.get_by_role("button", name="Save").click()
        await expect(form.get_by_text(f"{base}/callback")).to_be_visible()
        assert await serious_findings(page) == []
        await page.keyboard.press("Escape")
        await someone.button("Test").click()
        await expect(page.get_by_role("dialog").get_by_text("Discovery document")).to_be_visible()
        await expect(page.get_by_text("Nobody has logged in there yet.")).to_be_visible()

        ann = await person(login=False, bypass_csp=True)
        # The provider's pages want a font of the internet.
        await ann.page.context.route("https://**", lambda route: route.abort())
        await _enter(ann.page, f"{url}/admin/login?app={app}")
        await expect(ann.heading("Overview")).to_be_visible()
        assert "code=" not in ann.page.url
        await ann.go("/account")
        await expect(ann.page.get_by_text("by oidc:company")).to_be_visible()
        await page.get_by_role("dialog").get_by_role("button", name="Test again").click()
        await expect(page.get_by_role("dialog").get_by_text("ann@example.org")).to_be_visible()

        await ann.button("Account").click()
        await ann.page.get_by_role("menuitem", name="Log out").click()
        await ann.page.get_by_role("button", name="Yes, sign me out").click()
        await expect(ann.page.get_by_role("button", name="Log in with The company")).to_be_visible()
        assert ann.page.url.startswith(f"{url}/admin/login")
        assert await serious_findings(ann.page) == []
        await provider.stop()
        (changed,) = (await admin.get("/_admin/auth-providers")).data
        (await admin.put(f"/_admin/auth-providers/{changed['id']}", {**changed, "label": "Away"})).expect(200)
        await ann.page.reload()
        await ann.page.get_by_role("button", name="Log in with Away").click()
        await expect(ann.page.get_by_role("alert")).to_contain_text("The provider does not answer")


async def _enter(page: Page, login: str) -> None:
    """Log in at the provider's own form."""
    await page.goto(login)
    await page.get_by_role("button", name="Log in with The company").click()
    await page.get_by_placeholder("Enter any login").fill("ann")
    await page.get_by_placeholder("and password").fill("any")
    await page.get_by_role("button", name="Sign-in").click()
    await page.get_by_role("button", name="Continue").click()
