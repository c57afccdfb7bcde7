"""What a service says of itself when Prometheus asks: its health, its connections, its timers, its process."""

from __future__ import annotations

import asyncio
import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import structlog

from libs.shared.contracts.operations import Readiness
from libs.shared.runtime.service import Core
from libs.shared.telemetry.metrics import MetricSample, metrics, sample

log = structlog.get_logger()

TIMERS = """
SELECT service AS of, count(*) FILTER (WHERE at <= now()) AS overdue,
    coalesce(extract(epoch FROM now() - min(at) FILTER (WHERE at <= now())), 0)::float8 AS late
FROM bus.due WHERE service = $1 OR starts_with(service, $1 || '/') GROUP BY 1
"""
TIMEOUT_S = 1.0
"""Seconds that the look at the timers may take."""
PLATFORM = "platform"
"""What the platform's PostgreSQL server is called."""
STATM = Path("/proc/self/statm")
STARTED = time.time()


def health_samples(state: Readiness) -> Iterator[MetricSample]:
    """What a service answers to the question whether it is ready."""
    yield sample("rocket_ready", state.ready)
    for name, messages in state.lag.items():
        yield sample("rocket_lag", messages, of=name)
    for name, sequence in state.position.items():
        yield sample("rocket_position", sequence, of=name)
    for each in state.degraded:
        yield sample("rocket_degraded", 1, app=each["app"], what=each["what"])


async def process_samples(core: Core) -> list[MetricSample]:
    """What this process has counted and uses."""
    return [*metrics.samples(), *_requests(core), *_connections(core), *_process(), *await _timers(core)]


def _requests(core: Core) -> Iterator[MetricSample]:
    for endpoint in core.server.endpoints:
        if endpoint.num_requests:
            yield sample("rocket_rpc_requests_total", endpoint.num_requests, endpoint=endpoint.name)
            yield sample("rocket_rpc_errors_total", endpoint.num_errors, endpoint=endpoint.name)
            yield sample("rocket_rpc_seconds_total", endpoint.processing_time / 1e9, endpoint=endpoint.name)


def _connections(core: Core) -> Iterator[MetricSample]:
    queries, errors, seconds = 0, 0, 0.0
    for name, usage in core.databases.usage():
        server = name or PLATFORM
        queries, errors, seconds = queries + usage.queries, errors + usage.errors, seconds + usage.seconds
        yield sample("rocket_db_connections", usage.lent, server=server, state="lent")
        yield sample("rocket_db_connections", usage.idle, server=server, state="idle")
        yield sample("rocket_db_connections_max", usage.limit, server=server)
        yield sample("rocket_db_waiting", usage.waiting, server=server)
    yield sample("rocket_db_queries_total", queries)
    yield sample("rocket_db_errors_total", errors)
    yield sample("rocket_db_query_seconds_total", seconds)


async def _timers(core: Core) -> list[MetricSample]:
    """The due work of this service; nothing where the platform's database is away, which `rocket_ready` says."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            rows = await core.databases.platform.fetch(TIMERS, core.name)
    except Exception as error:
        log.warning("metrics.timers_unknown", service=core.name, error=type(error).__name__)
        return []
    overdue = [sample("rocket_timers_overdue", row["overdue"], of=row["of"]) for row in rows]
    return overdue + [sample("rocket_timers_late_seconds", row["late"], of=row["of"]) for row in rows]


def _process() -> Iterator[MetricSample]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    yield sample("rocket_process_cpu_seconds_total", used.ru_utime + used.ru_stime)
    if STATM.exists():
        resident = int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        yield sample("rocket_process_resident_bytes", resident)
    yield sample("rocket_process_start_time_seconds", STARTED)
