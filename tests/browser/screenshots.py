"""Pictures of every screen of the Admin UI with the demo app: `python -m tests.browser.screenshots [folder]`.

Each screen is taken in light and dark at desktop width, and in light at phone width. With `--docs`, the pictures of
the documentation are taken instead, into docs/images.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import tempfile
from pathlib import Path

from aiohttp import ClientSession
from playwright.async_api import Browser, BrowserContext, async_playwright, expect

from deploy.embedded import admin_build, demo
from deploy.embedded.settings import Settings
from deploy.embedded.stack import Stack
from tests.browser.pages import Person
from tests.browser.screens import PREPARED, Preparation, all_screens, screens_of_docs
from tests.support.checkout import ROOT
from tests.support.client import Client

APP = "demo"
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
LOOKS = {"light": ("light", DESKTOP), "dark": ("dark", DESKTOP), "phone": ("light", PHONE)}
SETTLED_MS = 700
"""Time that a screen gets to draw what it has read."""


async def main(folder: Path, *, docs: bool) -> None:
    """Start a system with the demo app, and take the pictures."""
    if not admin_build.is_current():
        await admin_build.build()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="rocket-screens-") as data:
        Path(data).chmod(0o755)
        async with (
            Stack(Settings(port=0, data_dir=Path(data) / "rocket")) as stack,
            async_playwright() as playwright,
        ):
            await stack.ready()
            await demo.install(stack.gateway_urls[0])
            browser = await playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
            )
            for look in ("light",) if docs else LOOKS:
                context, person = await _logged_in(browser, stack.gateway_urls[0], look)
                async with ClientSession() as session:
                    admin = await Client(session, person.url).login(APP, "admin@localhost", "changeme")
                    screens = await screens_of_docs(admin) if docs else await all_screens(person, admin)
                for name, path in screens.items():
                    file = folder / (f"{name}.png" if docs else f"{name}-{look}.png")
                    await _take(person, path, file, PREPARED.get(name))
                await context.close()


async def _logged_in(browser: Browser, url: str, look: str) -> tuple[BrowserContext, Person]:
    scheme, size = LOOKS[look]
    context = await browser.new_context(
        locale="en-US",
        timezone_id="UTC",
        color_scheme=scheme,  # type: ignore[arg-type]
        viewport=size,  # type: ignore[arg-type]
    )
    person = Person(await context.new_page(), url, APP)
    await person.log_in("admin@localhost", "changeme")
    return context, person


async def _take(person: Person, path: str, file: Path, prepare: Preparation | None) -> None:
    await person.go(path)
    await expect(person.page.get_by_role("heading", level=1)).to_be_visible()
    await expect(person.page.locator(".mantine-Loader-root, .mantine-Skeleton-root")).to_have_count(0)
    if prepare:
        await prepare(person.page)
    await person.page.wait_for_timeout(SETTLED_MS)
    await person.page.screenshot(path=file)
    print(file)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "screenshots")
    parser.add_argument("--docs", action="store_true")
    arguments = parser.parse_args()
    target = ROOT / "docs" / "images" if arguments.docs else arguments.folder
    asyncio.run(main(target, docs=arguments.docs))
