"""The measurements. Each returns rows of a table: what, how much, against what."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bench.large.world import BULK, CATEGORIES, Peer, World, entries, order
from bench.processes import cpu_seconds, memory
from bench.statistics import median
from bench.systems.tables import connected

PAGES = 20_000
"""The number of the distant page."""
PER_PAGE = 50
REPEATS = 15
CHILDREN = 20
REPLAY = 900.0
"""Seconds to wait for a replay; its rate counts until then."""
PATIENCE = 900.0
"""Seconds for consumers to catch up."""
COLUMNS = ("number", "title", "category", "amount", "active")

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Figure:
    """One row of the report. `ratio` is ours to `other`, of the kind that `meaning` names."""

    what: str
    ours: str
    other: str
    ratio: float
    meaning: str


async def bulk(world: World, rows: int, tell: Tell) -> list[Figure]:
    """Fill `entry` by bulk creates; the same rows by COPY into a similar table, and by PocketBase's batch."""
    ours = 0.0
    for start in range(0, rows, BULK):
        batch = entries(start, min(BULK, rows - start))
        ours += await timed(lambda batch=batch: world.rocket.ask("POST", "/entry/_bulk", batch))  # type: ignore[misc]
        if start % (10 * BULK) == 0:
            tell(f"  {start + len(batch)} rows, {(start + len(batch)) / ours:.0f}/s")
    sample = min(rows, 10 * BULK)
    copied = await _copy(world, sample)
    theirs = await _batched(world.pocketbase, min(rows, 2 * BULK))
    rate = rows / ours
    return [
        Figure("bulk create, rows/s, against COPY", f"{rate:,.0f}", f"{copied:,.0f}", rate / copied, "rate"),
        Figure(
            "bulk create, rows/s, against PocketBase's batch", f"{rate:,.0f}", f"{theirs:,.0f}", rate / theirs, "rate"
        ),
    ]


async def _copy(world: World, rows: int) -> float:
    """Rows per second of COPY into a table with the same columns and indexes, without a log of ours."""
    async with connected(world.database_url) as connection:
        await connection.execute("CREATE TABLE copied (LIKE records.entry_table INCLUDING ALL)")
        taken = 0.0
        for start in range(0, rows, BULK):
            records = [tuple(row[name] for name in COLUMNS) for row in entries(start, BULK)]
            keyed = [(start + n + 1, *record, 1) for n, record in enumerate(records)]
            taken += await timed(
                lambda keyed=keyed: connection.copy_records_to_table(  # type: ignore[misc]
                    "copied", columns=("id", *COLUMNS, "_version"), records=keyed
                )
            )
        await connection.execute("DROP TABLE copied")
    return rows / taken


async def _batched(peer: Peer, rows: int) -> float:
    taken = 0.0
    for start in range(0, rows, BULK):
        path = "/api/collections/entry/records"
        requests = [{"method": "POST", "url": path, "body": row} for row in entries(start, min(BULK, rows - start))]
        taken += await timed(lambda requests=requests: peer.ask("POST", "/batch", {"requests": requests}))  # type: ignore[misc]
    return rows / taken


async def nested(world: World, tell: Tell) -> list[Figure]:
    """An order with its lines in one request; the lines alone as PocketBase's batch, and as single creates."""
    orders = [await timed(lambda n=n: world.rocket.ask("POST", "/order", order(n, CHILDREN))) for n in range(REPEATS)]  # type: ignore[misc]
    lines = [{"sku": f"s{n}", "quantity": n} for n in range(CHILDREN + 1)]

    async def one_by_one() -> None:
        for line in lines:
            await world.rocket.ask("POST", "/line", line)

    path = "/api/collections/line/records"
    batch = {"requests": [{"method": "POST", "url": path, "body": line} for line in lines]}
    singles = [await timed(one_by_one) for _ in range(REPEATS)]
    theirs = [await timed(lambda: world.pocketbase.ask("POST", "/batch", batch)) for _ in range(REPEATS)]
    ours = median(orders)
    return [
        _times(f"create 1 + {CHILDREN} nested, against {CHILDREN + 1} creates", ours, median(singles)),
        _times(f"create 1 + {CHILDREN} nested, against PocketBase's batch of {CHILDREN + 1}", ours, median(theirs)),
    ]


async def include(world: World, tell: Tell) -> list[Figure]:
    """A page of orders with their lines, against the same page without."""
    with_lines, without = [], []
    for _ in range(REPEATS):
        with_lines.append(await timed(lambda: world.rocket.ask("GET", "/order?include=lines&count=none&per_page=15")))
        without.append(await timed(lambda: world.rocket.ask("GET", "/order?count=none&per_page=15")))
    what = f"15 orders with {CHILDREN} lines each by include, against the 15 orders alone"
    return [_times(what, median(with_lines), median(without))]


async def settled(world: World, tell: Tell) -> list[Figure]:
    """Wait until all consumers have caught up and the table is vacuumed, so that nothing else runs."""
    began = time.monotonic()
    while (lag := await _lag(world)) > 0 and time.monotonic() - began < PATIENCE:
        tell(f"  {lag} commits behind")
        await asyncio.sleep(5)
    caught_up = time.monotonic() - began
    async with connected(world.database_url) as connection:
        await connection.execute("VACUUM (ANALYZE) records.entry_table")
    return [Figure("relay and consumers caught up after the last bulk create", f"{caught_up:.0f} s later", "", 0, "")]


async def _lag(world: World) -> float:
    """Unhandled messages and commits, by the gateway's metrics."""
    url = world.rocket.url.split("/api/")[0] + "/metrics"
    async with world.rocket.session.get(url) as response:
        lines = (await response.text()).splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("rocket_lag"))


async def pages(world: World, rows: int, tell: Tell) -> list[Figure]:
    """Page 1 and a distant page, by cursor."""
    far = min(PAGES, rows // PER_PAGE)
    first, cursor = f"/entry?sort=id&per_page={PER_PAGE}&cursor=", ""
    for page in range(1, far):
        answer = await world.rocket.ask("GET", first + cursor)
        cursor = answer["meta"]["next_cursor"]
        if page % 5_000 == 0:
            tell(f"  page {page}")
    near_times, far_times = [], []
    for _ in range(10 * REPEATS):
        near_times.append(await timed(lambda: world.rocket.ask("GET", first)))
        far_times.append(await timed(lambda: world.rocket.ask("GET", first + cursor)))
    return [_times(f"page {far:,} by cursor, against page 1", median(far_times), median(near_times))]


async def aggregates(world: World, tell: Tell) -> list[Figure]:
    """Sums of all rows in groups, against the plain SQL."""
    sql = "SELECT category, count(*), sum(amount) FROM records.entry_table GROUP BY category ORDER BY category"
    path = "/entry/_aggregate?count=*&sum=amount&group_by=category"
    ours, plain = [], []
    async with connected(world.database_url) as connection:
        for _ in range(REPEATS):
            plain.append(await timed(lambda: connection.fetch(sql)))
            ours.append(await timed(lambda: world.rocket.ask("GET", path)))
    answer = await world.rocket.ask("GET", path)
    assert len(answer["data"]) == CATEGORIES, "a group is missing"
    return [_times("count and sum of all rows in 20 groups, against the plain SQL", median(ours), median(plain))]


async def export(world: World, rows: int, tell: Tell) -> list[Figure]:
    """Export all rows as NDJSON: speed against COPY to the client, and memory."""
    parts = {name: world.stack.pids(name) for name in ("gateway", "data")}
    before = memory(parts)
    most = {name: size.pss for name, size in before.items()}
    began, count, busy = time.monotonic(), 0, cpu_seconds(parts)
    url = f"{world.rocket.url}/entry/_export?format=ndjson"
    async with world.rocket.session.get(url, headers=world.rocket.headers) as response:
        looked = began
        async for chunk in response.content.iter_any():
            count += chunk.count(b"\n")
            if time.monotonic() - looked > 0.5:
                looked = time.monotonic()
                most = {name: max(most[name], size.pss) for name, size in memory(parts).items()}
    taken = time.monotonic() - began
    assert count == rows, f"{count} of {rows} rows"
    used = sum(cpu_seconds(parts).values()) - sum(busy.values())
    plain = await timed(lambda: _copied_out(world))
    grown = ", ".join(f"{name} {before[name].pss / 2**20:.0f} → at most {most[name] / 2**20:.0f} MB" for name in parts)
    return [
        Figure("export as NDJSON, rows/s, against COPY of row_to_json", f"{rows / taken:,.0f}", f"{rows / plain:,.0f}",
               plain / taken, "rate"),
        Figure("memory during the export (PSS)", grown, f"{used / rows * 1e6:.1f} µs of gateway and data a row", 0, ""),
    ]  # fmt: skip


async def replays(world: World, tell: Tell) -> list[Figure]:
    """The speed of verifying and rebuilding tables, and its effect on simultaneous writes."""
    figures = []
    calm = await _creates(world)
    for kind in ("verify", "rebuild"):
        began = time.monotonic()
        job = (await world.rocket.ask("POST", f"/_admin/projections/records/{kind}", {}))["data"]
        busy = await _creates(world)
        while job["status"] in ("waiting", "running") and time.monotonic() - began < REPLAY:
            await asyncio.sleep(1)
            job = (await world.rocket.ask("GET", f"/_admin/projections/records/replays/{job['id']}"))["data"]
            tell(f"  {kind}: {job.get('checked', 0)} of {job.get('total', 'all')}, {job['status']}")
        taken = time.monotonic() - began
        rate = f"{job.get('checked', 0) / taken:,.0f} entries/s ({job['status']} after {taken:.0f} s)"
        figures.append(Figure(f"{kind} of all tables, at the default share of the processor", rate, "", 0, ""))
        figures.append(_times(f"a create during a {kind}, against one without", median(busy), median(calm)))
        if job["status"] != "done":
            break
    return figures


async def _creates(world: World) -> list[float]:
    lines = ({"sku": f"x{n}", "quantity": n} for n in range(20 * REPEATS))
    return [await timed(lambda line=line: world.rocket.ask("POST", "/line", line)) for line in lines]  # type: ignore[misc]


async def _copied_out(world: World) -> None:
    async def ignore(_: bytes) -> None:
        return

    async with connected(world.database_url) as connection:
        await connection.copy_from_query("SELECT row_to_json(e) FROM records.entry_table e ORDER BY id", output=ignore)


def _times(what: str, ours: float, other: float) -> Figure:
    return Figure(what, f"{ours * 1e3:.1f} ms", f"{other * 1e3:.1f} ms", ours / other, "time")


async def timed(call: Callable[[], Awaitable[object]]) -> float:
    """The seconds of a call."""
    began = time.monotonic()
    await call()
    return time.monotonic() - began
