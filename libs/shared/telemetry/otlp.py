"""OTLP export of spans, if the usual variables (OTEL_EXPORTER_OTLP_ENDPOINT, …) are set.

Only this module converts span records to OpenTelemetry SDK spans, in a thread of its own.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import structlog

from libs.shared.telemetry.tracing import Span

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

log = structlog.get_logger()

MAX_PENDING_EXPORTS = 8
"""Batches that may wait for a slow collector before spans are dropped."""


class Otlp:
    """Hands batches of spans to the OpenTelemetry exporter."""

    def __init__(self, service: str) -> None:
        # Imported here because it takes a quarter of a second and most installations never export.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource

        self._exporter = OTLPSpanExporter()
        self._resource = Resource.create({"service.name": f"rocket-{service}"})
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="otlp")
        self._waiting = 0

    def export(self, spans: list[Span]) -> None:
        """Queue a batch; drops it when the collector is too slow."""
        if self._waiting >= MAX_PENDING_EXPORTS:
            log.warning("otlp.dropped", spans=len(spans))
            return
        self._waiting += 1
        self._thread.submit(self._export, spans)

    def _export(self, spans: list[Span]) -> None:
        try:
            self._exporter.export([self._convert(span) for span in spans])
        except Exception as error:
            log.warning("otlp.failed", error=str(error))
        finally:
            self._waiting -= 1

    def _convert(self, span: Span) -> ReadableSpan:
        from opentelemetry.sdk.trace import ReadableSpan
        from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags

        trace = int(span.context.trace_id.replace("-", ""), 16)
        flags = TraceFlags(TraceFlags.SAMPLED)
        parent = int(span.parent_id or "0", 16)
        return ReadableSpan(
            name=f"{span.source}.{span.action}",
            context=SpanContext(trace, int(span.span_id, 16), is_remote=False, trace_flags=flags),
            parent=SpanContext(trace, parent, is_remote=True, trace_flags=flags) if parent else None,
            resource=self._resource,
            attributes={
                "rocket.component": span.component,
                **({"rocket.entity": span.entity} if span.entity else {}),
            },
            status=Status(StatusCode.ERROR if span.status == "error" else StatusCode.OK),
            start_time=span.created_ns,
            end_time=span.created_ns + span.duration_ns,
        )


def from_environment(service: str) -> Otlp | None:
    """The exporter, if an endpoint is configured."""
    if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        return Otlp(service)
    return None
