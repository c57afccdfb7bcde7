"""`python -m bench.events [--events 10000000]`: events at size, against the same plain SQL in one run.

The partitions of a week are filled by SQL. Then the first page of the list, a trace, and the figures of 24 hours are
asked of the API and, by turns, of PostgreSQL as plain SQL with the same conditions (no JSON, no HTTP). At last a day is
dropped, as retention does it, and the rows of the next one are deleted, for comparison.

--events 10000000 --rounds 11    a run whose figures mean something
--events 100000                  a smoke run
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg

from bench.event_rows import FILL, SPANS_OF_A_TRACE, beginning, days_before
from bench.large.world import LIMIT, Peer
from bench.markdown import table
from bench.systems import rocket, tables
from bench.systems.system import Drive

APP = "events"
DAYS = 7
COLUMNS = (
    "coalesce(id, span_id), trace_id, span_id, parent_span_id, event_type, source, component, action, entity, "
    "record_id, user_id, duration_ms, status, metadata, created_at"
)
LIST = f"SELECT {COLUMNS} FROM events.events ORDER BY created_at DESC, span_id DESC LIMIT 50"
COUNT = "SELECT count(*) FROM events.events"
TRACE = f"SELECT {COLUMNS} FROM events.events WHERE trace_id = $1 ORDER BY created_at, span_id"
WINDOW = "events.events WHERE created_at BETWEEN $1 AND $2"
FIGURES = (
    "count(*), avg(duration_ms), avg((status = 'error')::int), "
    "percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms)"
)
SUMMARY = f"SELECT {FIGURES}, count(DISTINCT trace_id) FROM {WINDOW}"
BY_SOURCE = f"SELECT source, {FIGURES} FROM {WINDOW} GROUP BY 1 ORDER BY 2 DESC"
SLOWEST = f"""
SELECT * FROM (
    SELECT DISTINCT ON (trace_id) trace_id, duration_ms, action FROM {WINDOW} AND parent_span_id IS NULL
    ORDER BY trace_id, (source = 'http') DESC, created_at
) roots ORDER BY duration_ms DESC LIMIT 10
"""


@dataclass(frozen=True)
class Compared:
    """The seconds of one question, asked of the API and of PostgreSQL."""

    what: str
    ours: list[float]
    plain: list[float]

    def row(self) -> tuple[str, str, str, str]:
        ours, plain = statistics.median(self.ours), statistics.median(self.plain)
        pairs = sorted(a / b for a, b in zip(self.ours, self.plain, strict=True))
        return self.what, f"{ours * 1000:,.1f}", f"{plain * 1000:,.1f}", f"{statistics.median(pairs):.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.events", description="Measures events at size.")
    parser.add_argument("--events", type=int, default=10_000_000, help="spans over seven days")
    parser.add_argument("--rounds", type=int, default=11, help="how often each question is asked of both, by turns")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rocket-bench-") as name:
        Path(name).chmod(0o755)
        print(asyncio.run(run(given.events, given.rounds, Path(name))))


async def run(events: int, rounds: int, folder: Path) -> str:
    """Fill, measure, drop; the report."""
    async with (
        rocket.running(folder, Drive(8, "own", folder)) as (main_system, _),
        aiohttp.ClientSession(timeout=LIMIT) as session,
    ):
        api, url = await _app(session, main_system.stack)
        connection = await asyncpg.connect(url)
        try:
            filled = await _fill(connection, events)
            questions = _questions(api, connection)
            rows = [(await _compare(what, ours, plain, rounds)).row() for what, ours, plain in questions]
            dropped, deleted = await _drop(connection)
        finally:
            await connection.close()
    head = table(("what", "API, ms", "plain SQL, ms", "ratio"), rows)
    return f"""{events:,} events, filled in {filled:.0f} s

{head}

retention drops a day of {events // DAYS:,} events in {dropped * 1000:.1f} ms; deleting as many takes {deleted:.1f} s
"""


async def _app(session: aiohttp.ClientSession, stack: Any) -> tuple[Peer, str]:
    async def login(realm: str, email: str) -> Peer:
        root = Peer(session, stack.gateway_urls[0] + realm, {})
        pair = await root.ask("POST", "/auth/login", {"email": email, "password": "changeme"})
        return Peer(session, root.url, {"Authorization": f"Bearer {pair['data']['access_token']}"})

    platform = await login("/api/_platform", "platform@localhost")
    made = await platform.ask("POST", "/apps", {"name": APP})
    return await login(f"/api/{APP}", "admin@localhost"), tables.other_database(
        stack.database_url, made["data"]["db_name"]
    )


async def _fill(connection: Any, events: int) -> float:
    began = time.perf_counter()
    traces = events // DAYS // SPANS_OF_A_TRACE
    for day in days_before(datetime.now(UTC).date(), DAYS):
        print(f"  {day}", flush=True)
        await connection.execute("SELECT events.ensure_day($1)", day)
        length = min(timedelta(days=1), datetime.now(UTC) - beginning(day))
        await connection.execute(FILL, beginning(day), traces, length, timeout=3_600)
    await connection.execute("VACUUM ANALYZE events.events", timeout=3_600)
    return time.perf_counter() - began


Ask = Callable[[], Awaitable[Any]]


def _questions(api: Peer, connection: Any) -> list[tuple[str, Ask, Ask]]:
    async def some_trace() -> Any:
        return await connection.fetchval("SELECT trace_id FROM events.events WHERE source = 'http' LIMIT 1")

    async def plain_list() -> None:
        await connection.fetchval(COUNT, timeout=600)
        await connection.fetch(LIST)

    async def plain_stats() -> None:
        until = datetime.now(UTC)
        for sql in (SUMMARY, BY_SOURCE, SLOWEST):
            await connection.fetch(sql, until - timedelta(days=1), until, timeout=600)

    async def our_trace() -> None:
        await api.ask("GET", f"/_events/trace/{await some_trace()}")

    async def plain_trace() -> None:
        await connection.fetch(TRACE, await some_trace())

    return [
        ("first page of the list, with the total", lambda: api.ask("GET", "/_events?per_page=50"), plain_list),
        ("a trace", our_trace, plain_trace),
        ("figures of 24 hours", lambda: api.ask("GET", "/_events/stats"), plain_stats),
    ]


async def _compare(what: str, ours: Ask, plain: Ask, rounds: int) -> Compared:
    print(f"  {what}", flush=True)
    compared = Compared(what, [], [])
    for number in range(rounds + 1):
        for ask, times in ((ours, compared.ours), (plain, compared.plain)):
            began = time.perf_counter()
            await ask()
            if number:  # the first round warms up
                times.append(time.perf_counter() - began)
    return compared


async def _drop(connection: Any) -> tuple[float, float]:
    """Seconds that dropping the oldest day takes, and deleting the next one's rows."""
    _, following, third = days_before(datetime.now(UTC).date(), DAYS)[:3]
    began = time.perf_counter()
    await connection.fetchval("SELECT events.drop_days_before($1)", following)
    dropped = time.perf_counter() - began
    began = time.perf_counter()
    await connection.execute(
        "DELETE FROM events.events WHERE created_at >= $1 AND created_at < $2", beginning(following), beginning(third),
        timeout=3_600,
    )  # fmt: skip
    return dropped, time.perf_counter() - began


if __name__ == "__main__":
    main()
