"""Export to a real OTLP receiver in this process; a dead or slow one costs spans, never a request."""

from __future__ import annotations

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from libs.shared.contracts.context import AppRef, Context
from libs.shared.telemetry import tracing
from libs.shared.telemetry.otlp import MAX_PENDING_EXPORTS, Otlp, from_environment
from libs.shared.telemetry.tracing import Span
from libs.shared.testing.polling import eventually

TRACE = "4bf92f35-77b3-4da6-a3ce-929d0e0e4736"
CALLER = Context(TRACE, "00f067aa0ba902b7", app=AppRef("i", "demo", "d"))


def spans_of_a_request() -> list[Span]:
    with tracing.remote(CALLER), tracing.span("http", "handler", "request.end") as root:
        root.metadata = {"method": "POST", "route": "/api/{app}/{entity}", "status_code": 503}
        root.status = "error"
        with tracing.span("db", "query", "query.execute", "deal") as query:
            query.metadata = {"statement": "insert", "rows": 1}
    return [root, query]


async def test_spans_arrive_at_a_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    received: list[ExportTraceServiceRequest] = []

    async def take(request: web.Request) -> web.Response:
        received.append(ExportTraceServiceRequest.FromString(await request.read()))
        return web.Response()

    application = web.Application()
    application.router.add_post("/v1/traces", take)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{runner.addresses[0][1]}")
    exporter = from_environment("gateway", {"service.version": "1"})
    assert exporter is not None
    exporter.export(spans_of_a_request())
    await eventually(lambda: exporter.exported == 2)
    [resource] = received[0].resource_spans
    named = {each.key: each.value.string_value for each in resource.resource.attributes}
    assert (named["service.name"], named["service.version"]) == ("rocket-gateway", "1")
    root, query = resource.scope_spans[0].spans
    assert (root.name, root.kind, root.status.code) == ("POST /api/{app}/{entity}", root.SPAN_KIND_SERVER, 2)
    assert root.trace_id.hex() == TRACE.replace("-", "") and root.parent_span_id.hex() == CALLER.span_id
    assert (query.name, query.kind, query.status.code) == ("INSERT deal", query.SPAN_KIND_CLIENT, 0)
    assert query.parent_span_id == root.span_id and query.end_time_unix_nano >= query.start_time_unix_nano
    await runner.cleanup()


async def test_a_collector_that_does_not_answer_costs_spans_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    assert from_environment("gateway", {}) is None
    exporter = Otlp("gateway", {})
    held: list[list[Span]] = []
    monkeypatch.setattr(exporter, "_thread", type("Thread", (), {"submit": lambda _, run, spans: held.append(spans)})())
    batch = spans_of_a_request()
    for _ in range(MAX_PENDING_EXPORTS + 3):
        exporter.export(batch)
    assert (len(held), exporter.dropped) == (MAX_PENDING_EXPORTS, 3 * len(batch))
