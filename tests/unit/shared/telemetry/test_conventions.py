"""Spans by the semantic conventions of OpenTelemetry."""

from __future__ import annotations

from libs.shared.contracts.context import AppRef, Context, Identity
from libs.shared.telemetry.conventions import exported
from libs.shared.telemetry.tracing import Span

APP = AppRef("app-id", "demo", "rocket_demo")


def made(source: str, action: str, *, entity: str | None = None, status: str = "ok", **metadata: object) -> Span:
    span = Span(source, "part", action, entity)
    span.context = Context("t", app=APP, identity=Identity("u1", "a@example.org"), ip="10.0.0.1", user_agent="curl")
    span.status, span.metadata = status, dict(metadata)
    return span


def test_a_request_is_a_server_span_named_by_its_route() -> None:
    said = exported(
        made("http", "request.end", status="error", method="GET", path="/api/demo/x/1",
             route="/api/{app}/{entity}/{id}", status_code=404, service="gateway", latency_ms=3)
    )  # fmt: skip
    assert (said.name, said.kind, said.is_error) == ("GET /api/{app}/{entity}/{id}", "server", False)
    attributes = said.attributes
    assert (attributes["http.request.method"], attributes["http.response.status_code"]) == ("GET", 404)
    assert (attributes["url.path"], attributes["client.address"]) == ("/api/demo/x/1", "10.0.0.1")
    assert (attributes["user.id"], attributes["rocket.app"]) == ("u1", "demo")
    assert "rocket.service" not in attributes and "error.type" not in attributes
    failed = exported(made("http", "request.end", status="error", method="GET", route="/x", status_code=503))
    assert failed.is_error and failed.attributes["error.type"] == "503"


def test_statements_are_clients_of_the_database() -> None:
    said = exported(made("db", "query.execute", entity="deal", statement="insert", fingerprint="ab", rows=2))
    assert (said.name, said.kind) == ("INSERT deal", "client")
    assert said.attributes["db.system.name"] == "postgresql" and said.attributes["db.operation.name"] == "INSERT"
    assert said.attributes["db.collection.name"] == "deal" and said.attributes["db.response.returned_rows"] == 2
    assert said.attributes["rocket.fingerprint"] == "ab"


def test_what_is_refused_or_not_delivered_is_an_error() -> None:
    denied = exported(made("auth", "auth.denied", status="error", reason="expired"))
    assert denied.is_error and denied.attributes["error.type"] == "expired" and denied.kind == "internal"
    sent = exported(made("webhook", "webhook.dispatch", status="error", response_status=500, delivery_id="d"))
    assert (sent.kind, sent.attributes["error.type"]) == ("client", "500")
    nested = exported(made("engine", "nested_write.plan", counts={"a": 1}))
    assert "rocket.counts" not in nested.attributes
