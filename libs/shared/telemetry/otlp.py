"""OTLP export of spans, if the usual variables (OTEL_EXPORTER_OTLP_ENDPOINT, …) are set.

Only this module converts span records to OpenTelemetry SDK spans, in a thread of its own. Its queue is bounded: a slow
collector costs spans, which are counted, and never a request.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import structlog

from libs.shared.telemetry.conventions import exported
from libs.shared.telemetry.tracing import Span

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

log = structlog.get_logger()

MAX_PENDING_EXPORTS = 8
"""Batches that may wait for a slow collector before spans are dropped."""
ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


class Otlp:
    """Hands batches of spans to the OpenTelemetry exporter."""

    def __init__(self, service: str, about: Mapping[str, str]) -> None:
        # Imported here because it takes a quarter of a second and most installations never export.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope

        self._exporter = OTLPSpanExporter()
        named = {"service.name": f"rocket-{service}", "service.namespace": "rocket", **about}
        self._resource = Resource.create(named)
        self._scope = InstrumentationScope("rocket")
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="otlp")
        self._waiting = 0
        self.exported = 0
        self.dropped = 0

    def export(self, spans: list[Span]) -> None:
        """Queue a batch; drops it when the collector is too slow."""
        if self._waiting >= MAX_PENDING_EXPORTS:
            self.dropped += len(spans)
            log.warning("otlp.dropped", spans=len(spans))
            return
        self._waiting += 1
        self._thread.submit(self._export, spans)

    def _export(self, spans: list[Span]) -> None:
        from opentelemetry.sdk.trace.export import SpanExportResult

        try:
            outcome = self._exporter.export([self._convert(span) for span in spans])
            if outcome is SpanExportResult.SUCCESS:
                self.exported += len(spans)
            else:
                self.dropped += len(spans)
        except Exception as error:
            self.dropped += len(spans)
            log.warning("otlp.failed", error=str(error))
        finally:
            self._waiting -= 1

    def _convert(self, span: Span) -> ReadableSpan:
        from opentelemetry.sdk.trace import ReadableSpan
        from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

        said = exported(span)
        trace = int(span.context.trace_id.replace("-", ""), 16)
        flags = TraceFlags(TraceFlags.SAMPLED)
        parent = int(span.parent_id or "0", 16)
        return ReadableSpan(
            name=said.name,
            context=SpanContext(trace, int(span.span_id, 16), is_remote=False, trace_flags=flags),
            parent=SpanContext(trace, parent, is_remote=True, trace_flags=flags) if parent else None,
            kind=SpanKind[said.kind.upper()],
            resource=self._resource,
            instrumentation_scope=self._scope,
            attributes=said.attributes,
            status=Status(StatusCode.ERROR if said.is_error else StatusCode.UNSET),
            start_time=span.created_ns,
            end_time=span.created_ns + span.duration_ns,
        )


def from_environment(service: str, about: Mapping[str, str]) -> Otlp | None:
    """The exporter, if an endpoint is configured. `about` is what the resource says beside its name."""
    return Otlp(service, about) if any(os.environ.get(name) for name in ENDPOINTS) else None
