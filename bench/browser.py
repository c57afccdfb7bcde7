"""How fast the Admin UI is in a browser: `python -m bench.browser` needs chromium, writes docs/benchmarks/browser.md.

One system, one app with many records of one entity, one browser. Each figure is the median of some rounds. The trace is
made up here and given to the browser in place of the server's answer, so that it measures the browser alone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import statistics
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import ClientSession
from playwright.async_api import Browser, CDPSession, Page, Route, async_playwright

from bench import machine
from deploy.embedded import admin_build
from deploy.embedded.settings import Settings
from deploy.embedded.stack import Stack
from tests.browser.pages import Person
from tests.support.app_database import executed
from tests.support.client import Client, entity, integer, text

DOCUMENT = Path(__file__).parents[1] / "docs" / "benchmarks" / "browser.md"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
SLOW_CPU = 4
SLOW_BYTES_PER_S = 10_000_000 / 8
SLOW_LATENCY_MS = 20
TRACE = "00000000-0000-4000-8000-000000000001"
SCROLLED_FRAMES = 120
PAGE_ROWS = 100
"""Rows of a page; only those in sight are elements, so a page is there when its first row is."""

PAINTED = """text => new Promise(done => {
  const ready = () => [...document.querySelectorAll('.rk-row')].some(row => row.textContent.includes(text));
  const look = () => ready() ? requestAnimationFrame(() => done(performance.now())) : requestAnimationFrame(look);
  look();
})"""
"""When a row with a text is painted, in milliseconds since the page began."""
ANSWERED = """() => {
  const all = performance.getEntriesByType('resource').filter(each => each.name.includes('cursor='));
  return all.at(-1).responseEnd;
}"""
ASKED = """part => {
  const all = performance.getEntriesByType('resource').filter(each => each.name.includes(part));
  return all[0].startTime;
}"""
SCROLLED = """frames => new Promise(done => {
  const scroller = document.querySelector('[role=tree]');
  const begun = performance.now();
  let left = frames;
  const step = () => {
    scroller.scrollTop += 400;
    left -= 1;
    if (left > 0) requestAnimationFrame(step); else done(frames * 1000 / (performance.now() - begun));
  };
  requestAnimationFrame(step);
})"""


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, its limit, and what came out."""

    what: str
    budget: str
    value: str


@dataclass(frozen=True, slots=True)
class Arena:
    """A browser on a system with an app."""

    browser: Browser
    person: Person
    cdp: CDPSession
    rounds: int

    @property
    def page(self) -> Page:
        return self.person.page

    async def median(self, measure: Callable[[], Awaitable[float]]) -> float:
        return statistics.median([await measure() for _ in range(self.rounds)])


async def main(records: int, spans: int, rounds: int) -> None:
    """Measure, and write the document."""
    if not admin_build.is_current():
        await admin_build.build()
    with tempfile.TemporaryDirectory(prefix="rocket-bench-browser-") as data:
        Path(data).chmod(0o755)  # noqa: ASYNC240 - nothing else runs yet
        async with (
            Stack(Settings(port=0, data_dir=Path(data) / "rocket")) as stack,
            ClientSession() as session,
            async_playwright() as playwright,
        ):
            await stack.ready()
            admin = await _filled(session, stack, records)
            browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            context = await browser.new_context(
                locale="en-US", timezone_id="UTC", viewport={"width": 1280, "height": 800}
            )
            page = await context.new_page()
            person = Person(page, stack.gateway_urls[0], admin.prefix.removeprefix("/api/"))
            await person.log_in("admin@localhost", "changeme")
            arena = Arena(browser, person, await context.new_cdp_session(page), rounds)
            figures = [*await _starts(arena), *await _lists(arena, records), *await _traces(arena, spans)]
            DOCUMENT.write_text(_rendered(figures, Path(data), rounds), encoding="utf-8")
            await browser.close()


async def _filled(session: ClientSession, stack: Stack, records: int) -> Client:
    """An app with an entity and many records, written past the services: only lists read them."""
    platform = await Client(session, stack.gateway_urls[0]).platform()
    (await platform.post("/apps", {"name": "bench"})).expect(201)
    admin = await platform.login("bench", "admin@localhost", "changeme")
    await admin.define(entity("item", text("title", indexed=True), text("note"), integer("amount")))
    rows = "SELECT gen_random_uuid(), 'item ' || lpad(n::text, 7, '0'), repeat('x', 40), n % 1000, 1"
    columns = "records.items (id, title, note, amount, _version)"
    await executed(stack, admin, f"INSERT INTO {columns} {rows} FROM generate_series(1, {records}) n")
    await executed(stack, admin, "ANALYZE records.items")
    return admin


async def _starts(arena: Arena) -> list[Figure]:
    async def start() -> float:
        await arena.cdp.send("Network.clearBrowserCache")
        await arena.person.go("/records/item?sort=title")
        return float(await arena.page.evaluate(PAINTED, "item "))

    fast = await arena.median(start)
    await arena.cdp.send("Emulation.setCPUThrottlingRate", {"rate": SLOW_CPU})
    limits = {
        "offline": False,
        "latency": SLOW_LATENCY_MS,
        "downloadThroughput": SLOW_BYTES_PER_S,
        "uploadThroughput": SLOW_BYTES_PER_S,
    }
    await arena.cdp.send("Network.enable")
    await arena.cdp.send("Network.emulateNetworkConditions", limits)
    slow = await arena.median(start)
    await arena.cdp.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    await arena.cdp.send(
        "Network.emulateNetworkConditions", {**limits, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    )
    return [
        Figure("cold start to a usable list", "1.5 s", f"{fast / 1000:.2f} s"),
        Figure("the same, processor 4 times slower, 10 Mbit/s", "3 s", f"{slow / 1000:.2f} s"),
    ]


async def _lists(arena: Arena, records: int) -> list[Figure]:
    page = arena.page

    async def turn(button: str, shown: str) -> tuple[float, float]:
        """From the click, and from the answer, to the painted rows."""
        begun = await page.evaluate("performance.now()")
        painted = page.evaluate(PAINTED, shown)
        await page.get_by_role("button", name=button, exact=True).click()
        at = float(await painted)
        return at - begun, at - float(await page.evaluate(ANSWERED))

    async def open_first() -> float:
        await arena.person.go("/records/item?sort=title")
        await page.evaluate(PAINTED, f"item {1:07}")
        begun = float(await page.evaluate(ASKED, "/item?"))
        return float(await page.evaluate("performance.now()")) - begun

    first = await arena.median(open_first)
    after_answer, last = [], []
    for _ in range(arena.rounds):
        await open_first()
        after_answer.append((await turn("Next page", f"item {PAGE_ROWS + 1:07}"))[1])
        last.append((await turn("Last page", f"item {records - PAGE_ROWS + 1:07}"))[0])
    rows = int(await page.evaluate("document.querySelectorAll('.rk-row').length"))
    return [
        Figure("next page painted after the answer", "50 ms", f"{statistics.median(after_answer):.0f} ms"),
        Figure(f"list over {records:,} records: first page", "300 ms", f"{first:.0f} ms"),
        Figure(f"list over {records:,} records: last page", "500 ms", f"{statistics.median(last):.0f} ms"),
        Figure("rows that are elements", "60", str(rows)),
    ]


async def _traces(arena: Arena, spans: int) -> list[Figure]:
    body = json.dumps({"data": _trace(spans)})

    async def answer(route: Route) -> None:
        await route.fulfill(body=body, content_type="application/json")

    await arena.page.route(f"**/_events/trace/{TRACE}", answer)

    async def open_trace() -> float:
        await arena.person.go(f"/events/{TRACE}")
        await arena.page.get_by_role("treeitem").first.wait_for()
        end = float(await arena.page.evaluate("performance.now()"))
        return end - float(await arena.page.evaluate(ASKED, "_events/trace"))

    opened = await arena.median(open_trace)
    frames = await arena.median(lambda: arena.page.evaluate(SCROLLED, SCROLLED_FRAMES))
    rows = await arena.page.get_by_role("treeitem").count()
    return [
        Figure(f"trace of {spans:,} spans opened", "1 s", f"{opened / 1000:.2f} s"),
        Figure("the same scrolled, frames per second", "60", f"{frames:.0f}"),
        Figure("spans that are elements", "60", str(rows)),
    ]


def _trace(spans: int) -> dict[str, object]:
    """A root with groups of spans below it."""
    begin = datetime(2026, 1, 1, tzinfo=UTC)

    def span(number: int, ms: float, children: list[dict[str, object]]) -> dict[str, object]:
        at = (begin + timedelta(milliseconds=number / 16)).isoformat()
        sources = ("http", "engine", "db", "webhook")
        names = {"source": sources[number % 4], "component": "bench", "action": f"step.{number}", "entity": None}
        times = {"duration_ms": ms, "created_at": at}
        return {"span_id": f"{number:032x}", **names, **times, "status": "ok", "metadata": None, "children": children}

    groups = [
        span(at, 6.0, [span(at + k, 0.3, []) for k in range(1, min(100, spans - at))]) for at in range(1, spans, 100)
    ]
    root = span(0, spans / 16, groups)
    return {"trace_id": TRACE, "root_span": root, "span_count": spans, "total_duration_ms": spans / 16}


def _rendered(figures: list[Figure], folder: Path, rounds: int) -> str:
    about = machine.describe(folder)
    by = f"medians of {rounds} rounds with chromium on the machine of the system"
    measured = [f"| {figure.what} | {figure.budget} | {figure.value} |" for figure in figures]
    named = ("processor", "cores", "memory", "load average at the start")
    lines = [
        f"# The Admin UI in a browser\n\nWritten by `python -m bench.browser`, not by hand: {by}.\n",
        "| what | budget | measured |\n| --- | ---: | ---: |",
        *measured,
        "\n| machine | |\n| --- | --- |",
        *(f"| {name} | {about[name]} |" for name in named),
        "\nThe sizes of what a browser fetches are bounded by `tests/browser/test_budgets.py`.",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--spans", type=int, default=32_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    asyncio.run(main(arguments.records, arguments.spans, arguments.rounds))
