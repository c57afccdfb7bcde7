"""A browser, and people in it. Each test has an app of its own on the shared stack."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from deploy.embedded import admin_build
from deploy.embedded.stack import Stack
from tests.browser.pages import Person
from tests.support.client import Client

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip
PATIENCE_MS = 15_000

expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without a browser the journeys are skipped, in one line; where they are wanted, that is a failure."""
    if CHROMIUM or os.environ.get("ROCKET_REQUIRE_BROWSER"):
        return
    for item in items:
        if item.path.parent.name == "browser":
            item.add_marker(pytest.mark.skip(reason="no chromium is installed: apt-get install chromium"))


@pytest.fixture(scope="session")
async def built() -> None:
    """The Admin UI as its sources are now."""
    if not admin_build.is_current():
        await admin_build.build()


@pytest.fixture(scope="session")
async def browser(built: None) -> AsyncIterator[Browser]:
    assert CHROMIUM, "the journeys need chromium: apt-get install chromium"
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        await running.close()


Opened = Callable[..., Awaitable[Person]]


@pytest.fixture
async def person(browser: Browser, stack: Stack, admin: Client) -> AsyncIterator[Opened]:
    """Opens a browser window of somebody: `await person()` is the app's admin, logged in."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    async def opened(
        email: str = "admin@localhost", password: str = "changeme", *, login: bool = True, **options: object
    ) -> Person:
        context = await browser.new_context(locale="en-US", timezone_id="UTC", **options)  # type: ignore[arg-type]
        contexts.append(context)
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: problems.append(str(error)))
        someone = Person(page, stack.gateway_urls[0], admin.prefix.removeprefix("/api/"))
        if login:
            await someone.log_in(email, password)
        return someone

    yield opened
    for context in contexts:
        await context.close()
    assert not problems, f"scripts failed in the page: {problems}"


async def serious_findings(page: Page) -> list[str]:
    """What axe finds serious or critical on the page as it is."""
    await page.add_script_tag(path=admin_build.ADMIN / "node_modules" / "axe-core" / "axe.min.js")
    found = await page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{page.url}: {each['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]
