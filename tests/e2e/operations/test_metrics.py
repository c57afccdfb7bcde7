"""What Prometheus gets from each process of a running system, and what the log says of a request."""

from __future__ import annotations

import re

import aiohttp

from deploy.embedded.stack import Stack
from libs.shared.contracts.operations import SERVICES
from libs.shared.telemetry.metrics import METRICS
from libs.shared.testing.polling import eventually
from tests.support.client import Client, entity, text
from tests.support.receivers import HttpReceiver

LINE = re.compile(r'^(rocket_[a-z0-9_]+)\{(service="[a-z]+"(?:,[a-z_]+="(?:[^"\\]|\\.)*")*)\} (-?[0-9.e+-]+|\+Inf)$')
Series = dict[tuple[str, str], float]


async def scraped(session: aiohttp.ClientSession, url: str) -> Series:
    """All series of a process; every line is one, or a comment about one that follows."""
    async with session.get(f"{url}/metrics") as response:
        assert response.headers["Content-Type"].startswith("text/plain")
        lines = (await response.text()).splitlines()
    series: Series = {}
    kinds = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(kinds) == len(set(kinds)) and set(kinds) <= set(METRICS)
    for line in lines:
        if not line.startswith("#"):
            match = LINE.fullmatch(line)
            assert match, line
            series[match[1], match[2]] = float(match[3])
    return series


def total(series: Series, name: str, *labels: str) -> float:
    return sum(
        value for (metric, own), value in series.items() if metric == name and all(map(own.__contains__, labels))
    )


async def test_every_process_tells_what_it_does(admin: Client, stack: Stack, receiver: HttpReceiver) -> None:
    session, gateway = admin.session, stack.gateway_urls[0]
    await admin.define(entity("deal", text("title", required=True)))
    await admin.define({"entity": "deal", "url": receiver.url}, "webhooks")
    before = await scraped(session, gateway)
    caller = admin.at(gateway)
    for _ in range(3):
        (await caller.post("/deal", {"title": "Oven"})).expect(201)
    (await caller.post("/deal", {})).expect(422)
    after = await scraped(session, gateway)

    def grown(name: str, *labels: str) -> float:
        return total(after, name, *labels) - total(before, name, *labels)

    records = ('area="records"', 'status="2xx"')
    assert grown("rocket_http_request_seconds_count", *records) == 3
    assert grown("rocket_http_request_seconds_bucket", *records, 'le="+Inf"') == 3
    assert grown("rocket_http_request_seconds_count", 'area="records"', 'status="4xx"') == 1
    # Through any gateway one sees the health of all services.
    assert {own for (name, own) in after if name == "rocket_ready"} == {f'service="{name}"' for name in SERVICES}
    for service in set(SERVICES) - {"gateway"}:
        own = await scraped(session, stack.http_urls(service)[0])
        named = {name for name, _ in own}
        for name in ("rocket_db_queries_total", "rocket_process_cpu_seconds_total", "rocket_db_connections_max"):
            assert total(own, name) > 0, (service, name)
        assert "rocket_spans_shipped_total" in named and "rocket_spans_dropped_total" in named

    async def delivered() -> bool:
        own = await scraped(session, stack.http_urls("webhook")[0])
        return total(own, "rocket_deliveries_total", 'outcome="delivered"') >= 3

    await eventually(delivered)
    stored = await scraped(session, stack.http_urls("events")[0])
    assert total(stored, "rocket_events_stored_total") > 0
