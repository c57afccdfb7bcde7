"""Pictures of every screen of the Admin UI with the demo app: `python -m tests.browser.screenshots [folder]`.

Each screen is taken in light and dark at desktop width, and in light at phone width. With `--docs`, the pictures of
the documentation are taken instead, into docs/images.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import shutil
import tempfile
from pathlib import Path

from aiohttp import ClientSession
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from deploy.embedded import admin_build, demo
from deploy.embedded.settings import Settings
from deploy.embedded.stack import Stack
from tests.browser.pages import Person
from tests.browser.purchases import define_purchases
from tests.support.checkout import ROOT
from tests.support.client import Client

APP = "demo"
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
LOOKS = {"light": ("light", DESKTOP), "dark": ("dark", DESKTOP), "phone": ("light", PHONE)}
SETTLED_MS = 700
"""Time that a screen gets to draw what it has read."""
SPANS_ARRIVE_MS = 3_000
"""Time that the spans of a request get to be stored."""
FURTHER = (
    "/events/live", "/events/stats", "/api?op=get_api_deal", "/account", "/define/entities/deal", "/define/rules/new",
)  # fmt: skip
IN_DOCS = {
    "records": "/records/deal",
    "record": "/records/deal/{deal}",
    "workflow": "/define/workflows/{workflow}",
    "task": "/instances/{instance}",
    "purchase-order": "/instances/{waiting}",
    "figures": "/instances/figures",
    "diagram": "/define/relations/diagram",
    "permissions": "/define/permissions/matrix",
    "trace": "/events/{trace}",
}


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
                screens = await _screens_of_docs(person) if docs else await _all_screens(person)
                for name, path in screens.items():
                    suffix = "" if docs else f"-{look}"
                    await _take(person, path, folder / f"{name}{suffix}.png")
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


async def _all_screens(person: Person) -> dict[str, str]:
    """The screens that the sidebar leads to, and some behind them, by a name for their files."""
    paths = [*await _links(person.page, f"/admin/{APP}"), *FURTHER]
    async with ClientSession() as session:
        admin = await Client(session, person.url).login(APP, "admin@localhost", "changeme")
        deal = (await admin.get("/deal?sort=title&per_page=1")).data[0]["id"]
        run = (await admin.get("/_workflows?workflow=large_offer&status=running")).data[0]
    flows = {"run": f"/instances/{run['id']}", "simulate": f"/define/workflows/{run['workflow_id']}/simulate"}
    further = {"record": f"/records/deal/{deal}", "import": "/imports/deal", **flows}
    return {re.sub(r"\W+", "-", path).strip("-") or "overview": path for path in paths} | further


async def _screens_of_docs(person: Person) -> dict[str, str]:
    """The screens of the docs, with a deal, the trace of its change, and a workflow in their addresses."""
    async with ClientSession() as session:
        admin = await Client(session, person.url).login(APP, "admin@localhost", "changeme")
        deal = (await admin.get("/deal?per_page=1")).data[0]["id"]
        changed = (await admin.put(f"/deal/{deal}", {"probability": 65})).expect(200)
        start = {"workflow": "purchase order", "record_id": await define_purchases(admin)}
        instance = (await admin.post("/_workflows/start", start)).expect(201).data
        waiting = await _purchases(admin)
    await person.page.wait_for_timeout(SPANS_ARRIVE_MS)
    ids = {"workflow": instance["workflow_id"], "instance": instance["id"], "waiting": waiting}
    found = {"deal": deal, "trace": changed.headers["X-Trace-Id"], **ids}
    return {name: path.format(**found) for name, path in IN_DOCS.items()}


async def _purchases(admin: Client) -> str:
    """Some purchases on their way; the run of one that waits for finance."""
    mia = await admin.login(APP, "mia@example.com", "secret-1")
    runs = []
    for number in range(9):
        order = {"title": f"Desk {number + 1}", "amount": 450 if number % 3 else 4500}
        start = {
            "workflow": "purchase order",
            "record_id": (await admin.post("/purchase", order)).expect(201).data["id"],
        }
        runs.append((await admin.post("/_workflows/start", start)).expect(201).data["id"])
    for number, run in enumerate(runs[:7]):
        verb = "reject" if number == 1 else "approve"
        (await mia.post(f"/_workflows/{run}/{verb}", {"form": {"reason": "The old ones are broken"}})).expect(200)
    return str(runs[0])


async def _links(page: Page, prefix: str) -> list[str]:
    """Where the links of the page lead that begin with a prefix, without it."""
    addresses = [await link.get_attribute("href") or "" for link in await page.get_by_role("link").all()]
    return list(dict.fromkeys(address.removeprefix(prefix) for address in addresses if address.startswith(prefix)))


async def _take(person: Person, path: str, file: Path) -> None:
    await person.go(path)
    await expect(person.page.locator(".mantine-Loader-root, .mantine-Skeleton-root")).to_have_count(0)
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
