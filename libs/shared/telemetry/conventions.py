"""Spans in the names of the OpenTelemetry semantic conventions: https://opentelemetry.io/docs/specs/semconv/. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from libs.shared.telemetry.tracing import Span

Kind = Literal["internal", "server", "client", "consumer"]
Attributes = dict[str, str | int | float | bool]

KINDS: Mapping[str, Kind] = {
    "request.end": "server",
    "query.execute": "client",
    "webhook.dispatch": "client",
    "webhook.ask": "client",
    "notify.send": "client",
    "webhook.match": "consumer",
    "notify.match": "consumer",
    "workflow.trigger": "consumer",
}
"""The kinds of spans that are not internal, by action."""
HTTP_CLIENTS = ("webhook.dispatch", "webhook.ask")
DATABASE = "postgresql"
SERVER_FAULT = 500
"""A response of the server is its error from this status on; below, it is the caller's."""
METADATA = {
    "method": "http.request.method", "path": "url.path", "route": "http.route",
    "status_code": "http.response.status_code", "response_status": "http.response.status_code",
    "rows": "db.response.returned_rows",
}  # fmt: skip
"""Metadata that has a name in the conventions. Everything else is `rocket.<name>`."""
OWN = ("statement", "service", "latency_ms")
"""Metadata that is said in another way."""


@dataclass(frozen=True, slots=True)
class ExportedSpan:
    """What a span is called, and what is said of it."""

    name: str
    kind: Kind
    attributes: Attributes
    is_error: bool


def exported(span: Span) -> ExportedSpan:
    """A span by the conventions. Values of callers' data are not in spans, so none get out."""
    kind = KINDS.get(span.action, "internal")
    attributes = {**_common(span), **_of_metadata(span.metadata)}
    if span.source == "db":
        operation = str(span.metadata.get("statement", "select")).upper()
        attributes |= {"db.system.name": DATABASE, "db.operation.name": operation}
        if span.entity:
            attributes["db.collection.name"] = span.entity
    is_error = span.status == "error" and not _is_callers_fault(span)
    if is_error:
        status = span.metadata.get("status_code") or span.metadata.get("response_status")
        attributes["error.type"] = str(status or span.metadata.get("reason") or span.action)
    return ExportedSpan(_name(span), kind, attributes, is_error)


def _name(span: Span) -> str:
    """Of low cardinality: no path, no id."""
    metadata = span.metadata
    if span.action == "request.end" and "route" in metadata:
        return f"{metadata['method']} {metadata['route']}"
    if span.source == "db":
        return " ".join((str(metadata.get("statement", "select")).upper(), *([span.entity] if span.entity else ())))
    return span.action


def _common(span: Span) -> Attributes:
    context = span.context
    said: dict[str, Any] = {
        "rocket.source": span.source,
        "rocket.component": span.component,
        "rocket.action": span.action,
        "rocket.app": context.app.name if context.app else None,
        "rocket.entity": span.entity,
        "rocket.record_id": span.record_id,
        "user.id": context.identity.id if context.identity else None,
    }
    if span.action == "request.end":
        said |= {"client.address": context.ip, "user_agent.original": context.user_agent}
    return {name: value for name, value in said.items() if value}


def _of_metadata(metadata: Mapping[str, Any]) -> Attributes:
    return {
        METADATA.get(name, f"rocket.{name}"): value
        for name, value in metadata.items()
        if name not in OWN and isinstance(value, str | int | float | bool)
    }


def _is_callers_fault(span: Span) -> bool:
    """Whether a server span is no error by the conventions, as the caller has sent something wrong."""
    return span.action == "request.end" and int(span.metadata.get("status_code", SERVER_FAULT)) < SERVER_FAULT
