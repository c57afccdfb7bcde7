"""What becomes a row of events."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.shared.bodies import read_json, validate
from libs.shared.contracts.context import NO_TRACE, Context, Identity
from libs.shared.contracts.events import BusinessEventBody
from libs.shared.contracts.streams import SignalEvent
from libs.shared.errors import RocketError
from libs.shared.ids import parse_uuid
from services.events.rows import business_row, days_of, read_spans, scrubbed, signal_row, telemetry_rows

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TRACE = "11111111-2222-4333-8444-555555555555"


def span(**values: Any) -> dict[str, Any]:
    return {"trace_id": TRACE, "created_at": NOW.isoformat(), "metadata": {"path": "/x"}, **values}


def signal(**values: Any) -> SignalEvent:
    defaults: dict[str, Any] = {
        "position": 3,
        "app_id": "a",
        "service": "workflow",
        "what": "instance_completed",
        "subject_key": "i",
        "trace_id": TRACE,
        "data": {"entity": "invoice", "record_id": 5, "user_id": "u", "step": "a", "body": {"iban": "DE1"}},
        "at": NOW.isoformat(),
    }
    return SignalEvent(**{**defaults, **values})


def test_spans_without_a_request_or_too_old_are_dropped() -> None:
    old = span(created_at="2026-11-01T00:00:00+00:00")
    assert telemetry_rows([span(), span(trace_id=NO_TRACE), old], datetime(2026, 11, 15, tzinfo=UTC)) == [span()]
    later = span(created_at=NOW.replace(microsecond=1).isoformat())
    assert telemetry_rows([span(), later], NOW) == [span(), later]
    assert telemetry_rows([span(), later], NOW.replace(microsecond=1)) == [later]


def test_a_hostile_path_does_not_lose_the_batch() -> None:
    (row,) = read_spans(orjson.dumps([span(metadata={"path": "/a\x00b", "x\x00": ["\x00"]})]))
    assert row["metadata"] == {"path": "/ab", "x": [""]}


def test_a_signal_is_an_event_of_its_service_without_records_in_it() -> None:
    row = signal_row(signal())
    assert (row["event_type"], row["source"], row["action"]) == ("system", "workflow", "instance_completed")
    assert (row["entity"], row["record_id"], row["user_id"], row["status"]) == ("invoice", "5", "u", "ok")
    assert row["metadata"] == {"entity": "invoice", "record_id": 5, "user_id": "u", "step": "a"}
    assert parse_uuid(row["span_id"])
    assert row["span_id"] == signal_row(signal())["span_id"] != signal_row(signal(position=4))["span_id"]


def test_failures_are_errors_and_no_trace_is_none() -> None:
    assert signal_row(signal(what="instance_failed"))["status"] == "error"
    assert [signal_row(signal(trace_id=text))["trace_id"] for text in ("", NO_TRACE, TRACE)] == [
        None,
        None,
        TRACE,
    ]


def test_a_business_event_belongs_to_its_request() -> None:
    context = Context(trace_id=TRACE, span_id="00f067aa0ba902b7", identity=Identity("u", "u@x"))
    row = business_row(context, BusinessEventBody(action="paid", record_id=7), NOW)
    assert (row["trace_id"], row["user_id"], row["event_type"], row["record_id"]) == (
        TRACE,
        "u",
        "business",
        "7",
    )
    assert parse_uuid(row["parent_span_id"])
    assert (row["entity"], row["metadata"]) == (None, {})


def test_days_are_utc() -> None:
    moments = ["2026-11-22T23:30:00-01:00", "2026-11-22T00:30:00+01:00", "2026-11-22T12:00:00"]
    assert days_of(moments) == {date(2026, 11, 23), date(2026, 11, 21), date(2026, 11, 22)}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "INVALID_PAYLOAD"),
        (b"[]", "VALIDATION_FAILED"),
        (b"{}", "VALIDATION_FAILED"),
        (b'{"action":""}', "VALIDATION_FAILED"),
        (b'{"action":5}', "VALIDATION_FAILED"),
        (b'{"action":"a","metadata":[]}', "VALIDATION_FAILED"),
        (b'{"action":"a","metadata":{"x":"\\u0000"}}', "VALIDATION_FAILED"),
        (b'{"action":"a","record_id":{}}', "VALIDATION_FAILED"),
    ],
)
def test_invalid_bodies_are_refused(body: bytes, code: str) -> None:
    with pytest.raises(RocketError) as refused:
        validate(BusinessEventBody, read_json(body))
    assert refused.value.code == code


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(JSON)
def test_scrubbing_removes_nul_only(value: Any) -> None:
    clean = scrubbed(value)
    assert not _holds_nul(clean)
    if not _holds_nul(value):
        assert orjson.dumps(clean) == orjson.dumps(value)


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(_holds_nul(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(_holds_nul(part) for part in value)
