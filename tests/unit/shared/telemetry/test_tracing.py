"""Spans as records: parents, statuses, bounded buffers, apps whose instrumentation is off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import orjson
import pytest

from libs.shared.contracts.context import AppRef, Context, system_context
from libs.shared.ids import uuid7
from libs.shared.telemetry import shipping, tracing
from libs.shared.telemetry.shipping import Shipper
from libs.shared.telemetry.tracing import Ring, Span, note, recording, span

TRACE = "4bf92f35-77b3-4da6-a3ce-929d0e0e4736"
APP = AppRef("app-id", "demo", "rocket_demo")
CALLER = Context(TRACE, "00f067aa0ba902b7", app=APP)


class Collecting:
    """A connection that keeps what it is given, or refuses it."""

    def __init__(self, refuses: bool = False) -> None:
        self.rows: list[dict[str, object]] = []
        self.refuses = refuses

    async def publish(self, subject: str, payload: bytes, headers: Mapping[str, str]) -> None:
        if self.refuses:
            raise ConnectionError
        self.rows += orjson.loads(payload)


@pytest.fixture(autouse=True)
def ring(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ring]:
    """A ring of this test alone."""
    own = Ring(3)
    monkeypatch.setattr(tracing, "ring", own)
    monkeypatch.setattr(shipping, "ring", own)
    recording.known.clear()
    yield own
    recording.known.clear()


def taken(ring: Ring) -> list[Span]:
    return ring.take(100)


def shipper(publisher: Collecting, *, is_enabled: bool = True) -> Shipper:
    async def enabled(app: AppRef) -> bool:
        return is_enabled

    return Shipper("gateway", publisher, None, enabled)


def test_spans_nest_and_say_how_they_ended(ring: Ring) -> None:
    with tracing.remote(CALLER), span("http", "handler", "request.end") as root:
        started = tracing.start_span("db", "query", "query.execute", "deal")
        started.set_metadata(rows=2)
        started.set_status("error")
        started.finish()
        with pytest.raises(ValueError, match="no"), span("engine", "writer", "write.rules"):
            raise ValueError("no")
    query, rules, outer = taken(ring)
    assert outer is root and outer.parent_id == CALLER.span_id and outer.trace_id == TRACE
    assert [each.parent_id for each in (query, rules)] == [root.span_id] * 2
    assert (query.status, query.metadata, rules.status, outer.status) == ("error", {"rows": 2}, "error", "ok")


def test_a_full_buffer_drops_and_counts(ring: Ring) -> None:
    with tracing.remote(CALLER):
        for _ in range(5):
            note("auth", "sessions", "auth.denied", status="error", reason="missing")
    assert (len(ring), ring.dropped) == (3, 2)
    assert {(each.status, each.duration_ns) for each in taken(ring)} == {("error", 0)}


def test_nothing_is_kept_of_what_belongs_to_no_request(ring: Ring) -> None:
    note("db", "query", "query.execute")
    with tracing.remote(system_context(5, APP)):
        note("db", "query", "query.execute")
    assert not taken(ring)


async def test_a_request_says_when_it_started_and_how_long_it_took() -> None:
    out = Collecting()
    with tracing.remote(CALLER), span("http", "handler", "request.end") as root:
        root.metadata = {"method": "GET", "path": "/x", "status_code": 404}
        root.status = "error"
    await shipper(out).flush()
    end, start = out.rows
    assert isinstance(end["metadata"], dict) and end["metadata"]["latency_ms"] == end["duration_ms"]
    assert (start["action"], start["duration_ms"], start["status"]) == ("request.start", 0, "ok")
    assert start["parent_span_id"] == end["span_id"] != start["span_id"]
    assert start["metadata"] == {"method": "GET", "path": "/x", "service": "gateway"}


async def test_business_events_go_with_the_spans() -> None:
    out = Collecting()
    with tracing.remote(CALLER):
        tracing.emit_business_event("invoice.sent", "invoice", "7", {"by": "mail"})
    await shipper(out).flush()
    [row] = out.rows
    assert (row["event_type"], row["source"], row["action"]) == ("business", "app", "invoice.sent")
    assert (row["entity"], row["record_id"], row["duration_ms"]) == ("invoice", "7", 0)


async def test_apps_may_have_no_instrumentation(ring: Ring) -> None:
    out = Collecting()
    for _ in range(2):
        with tracing.remote(CALLER), span("http", "handler", "request.end") as root:
            root.metadata["path"] = "/x"
        await shipper(out, is_enabled=False).flush()
    assert not out.rows and not len(ring)
    # From the second time on no span is made at all, until the settings change.
    with tracing.remote(CALLER):
        assert span("a", "b", "c") is span("d", "e", "f")
        recording.forget(APP.id)
        assert span("a", "b", "c") is not span("d", "e", "f")


async def test_what_cannot_be_shipped_is_dropped_and_counted(ring: Ring) -> None:
    with tracing.remote(CALLER):
        note("auth", "sessions", "auth.denied")
    await shipper(Collecting(refuses=True)).flush()
    assert ring.dropped == 1


def test_ids_that_others_can_derive() -> None:
    commit = str(uuid7())
    write = tracing.write_span_id(commit)
    assert len(write) == 16 and int(write, 16)
    assert shipping.span_uuid(TRACE, write) == f"{TRACE[:19]}{write[:4]}-{write[4:]}"
    assert tracing.derived_span_id("a", "b") == tracing.derived_span_id("a", "b") != tracing.derived_span_id("a", "c")
