"""Ships finished spans from the ring to the events service, and to OTLP if that is configured.

Neither waits: spans that can't be sent are dropped and counted.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Protocol

import orjson
import structlog

from libs.shared.contracts.cloudevents import attributes
from libs.shared.contracts.context import NO_SPAN, AppRef
from libs.shared.contracts.streams import SPANS, telemetry_subject
from libs.shared.telemetry.metrics import MetricSample, sample
from libs.shared.telemetry.otlp import Otlp
from libs.shared.telemetry.tracing import Span, recording, ring

log = structlog.get_logger()

SHIP_INTERVAL_S = 0.25
"""Seconds between shipments."""
BATCH_SPANS = 400
"""Spans in one message; keeps it far below the size of a NATS message."""
ALL_BITS = 2**64 - 1
REQUEST_START, REQUEST_END = "request.start", "request.end"


class Publisher(Protocol):
    """A connection to NATS."""

    async def publish(self, subject: str, payload: bytes, headers: Mapping[str, str]) -> None: ...


def span_uuid(trace_id: str, span_id: str) -> str | None:
    """The UUID by which an 8-byte span id is shown: the trace's first half, then the span's id."""
    if not span_id or span_id == NO_SPAN:
        return None
    return f"{trace_id[:19]}{span_id[:4]}-{span_id[4:]}"


IsEnabled = Callable[[AppRef], Awaitable[bool]]
"""Whether the instrumentation of an app is enabled, by its settings of this moment."""


@dataclass(slots=True)
class Shipper:
    """Ships the spans of a process."""

    service: str
    publisher: Publisher
    otlp: Otlp | None
    is_enabled: IsEnabled
    reported: int = 0
    """The dropped spans that the log has told of."""
    shipped: int = 0

    async def run(self) -> None:
        """Ship spans until cancelled."""
        while True:
            await asyncio.sleep(SHIP_INTERVAL_S)
            await self.flush()
            if ring.dropped > self.reported:
                log.warning("telemetry.dropped", spans=ring.dropped - self.reported)
                self.reported = ring.dropped

    async def flush(self) -> None:
        """Ship what is in the ring now."""
        while spans := ring.take(BATCH_SPANS):
            by_app: dict[str, list[Span]] = defaultdict(list)
            for span in spans:
                if span.context.app:
                    by_app[span.context.app.id].append(span)
            for app_id, group in by_app.items():
                if await self._records(group[0].context.the_app):
                    rows = rows_of(group, self.service)
                    self.shipped += await _publish(self.publisher, self.service, app_id, rows)
                    if self.otlp:
                        self.otlp.export(group)

    def samples(self) -> Iterator[MetricSample]:
        """How many spans were shipped, exported and lost."""
        yield sample("rocket_spans_shipped_total", self.shipped)
        yield sample("rocket_spans_dropped_total", ring.dropped)
        if self.otlp:
            yield sample("rocket_otlp_exported_total", self.otlp.exported)
            yield sample("rocket_otlp_dropped_total", self.otlp.dropped)

    async def _records(self, app: AppRef) -> bool:
        """Whether spans of an app are kept. Where that can't be found out they are shipped, and judged where stored."""
        known = recording.known.get(app.id)
        if known is None:
            try:
                known = await self.is_enabled(app)
            except Exception as error:
                log.debug("telemetry.settings_unknown", app_id=app.id, error=str(error))
                return True
            recording.learn(app.id, known)
        return known


async def _publish(publisher: Publisher, service: str, app_id: str, rows: list[dict[str, Any]]) -> int:
    """Publish rows; returns how many, 0 if they are lost."""
    headers = attributes(str(uuid.uuid4()), SPANS, app_id, service, rows[-1]["created_at"])
    try:
        await publisher.publish(telemetry_subject(app_id), orjson.dumps(rows), headers)
    except Exception:
        ring.dropped += len(rows)
        return 0
    return len(rows)


def _iso(nanoseconds: int) -> str:
    """Nanoseconds since the epoch as ISO 8601, to the microsecond."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return f"{_second(seconds)}.{rest // 1000:06d}+00:00"


@lru_cache(16)
def _second(seconds: int) -> str:
    """A second as ISO 8601. Cached, because most spans of a shipment are of the same few seconds."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def rows_of(spans: Sequence[Span], service: str) -> list[dict[str, Any]]:
    """Spans as the events service stores them; a request's span also says when it started."""
    rows = []
    for span in spans:
        rows.append(as_row(span, service))
        if span.action == REQUEST_END and span.source == "http":
            rows.append(_started(rows[-1], span))
    return rows


def _started(row: dict[str, Any], span: Span) -> dict[str, Any]:
    """The event of a request's start, below its span. Made here, so it costs the request nothing."""
    metadata = row["metadata"]
    row["metadata"] = {**metadata, "latency_ms": row["duration_ms"]}
    said = {key: metadata[key] for key in ("method", "path", "service") if key in metadata}
    own = f"{int(span.span_id, 16) ^ ALL_BITS:016x}"
    return {
        **row,
        "span_id": span_uuid(row["trace_id"], own),
        "parent_span_id": row["span_id"],
        "action": REQUEST_START,
        "duration_ms": 0.0,
        "status": "ok",
        "metadata": said,
    }


def as_row(span: Span, service: str) -> dict[str, Any]:
    """A span as the events service stores it."""
    trace_id = span.context.trace_id
    who = span.context.identity
    return {
        "trace_id": trace_id,
        "span_id": span_uuid(trace_id, span.span_id),
        "parent_span_id": span_uuid(trace_id, span.parent_id),
        "event_type": span.event_type,
        "source": span.source,
        "component": span.component,
        "action": span.action,
        "entity": span.entity,
        "record_id": span.record_id,
        "user_id": who.id if who else None,
        "duration_ms": round(span.duration_ns / 1e6, 3),
        "status": span.status,
        "metadata": {**span.metadata, "service": service},
        "created_at": _iso(span.created_ns),
    }
