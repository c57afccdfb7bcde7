"""Whole traces are sampled, those with an error are all kept, and what is held back is bounded."""

from __future__ import annotations

import uuid
from typing import Any

from libs.shared.schema.app_settings import InstrumentationSettings
from services.events import sampling
from services.events.sampling import Instrumentation, TraceSampler, is_chosen
from services.events.settings import EventsSettings

Row = dict[str, Any]


def span(trace: str, status: str = "ok") -> Row:
    return {"trace_id": trace, "span_id": str(uuid.uuid4()), "status": status, "event_type": "system"}


def kept_at(rate: float, enabled: bool = True) -> Instrumentation:
    return Instrumentation(enabled, 7, rate)


def test_the_apps_own_settings_come_before_those_of_the_installation() -> None:
    installation = EventsSettings.model_construct(instrumentation_enabled=True, sampling_rate=0.5, retention_days=9)
    assert Instrumentation.of(InstrumentationSettings(), installation) == Instrumentation(True, 9, 0.5)
    own = InstrumentationSettings(enabled=False, sampling_rate=0, retention_days=1)
    assert Instrumentation.of(own, installation) == Instrumentation(False, 1, 0.0)


def test_a_trace_is_chosen_as_a_whole_and_as_often_as_asked() -> None:
    traces = [str(uuid.uuid4()) for _ in range(4_000)]
    chosen = {trace for trace in traces if is_chosen(trace, 0.25)}
    assert 800 < len(chosen) < 1_200
    assert {trace for trace in traces if is_chosen(trace, 0.1)} < chosen
    assert not any(is_chosen(trace, 0) for trace in traces) and all(is_chosen(trace, 1) for trace in traces)
    sampler, spans = TraceSampler(), [span(trace) for trace in traces for _ in range(2)]
    assert {each["trace_id"] for each in sampler.kept("a", spans, kept_at(0.25), 0)} == chosen


def test_an_error_brings_back_all_of_its_trace_whenever_it_comes() -> None:
    sampler, first, second, other = TraceSampler(), span("t"), span("t"), span("u")
    assert sampler.kept("a", [first, other], kept_at(0), 0) == []
    assert sampler.kept("a", [first, second], kept_at(0), 1) == [], "the first one was delivered again"
    failed = span("t", "error")
    assert sampler.kept("a", [failed], kept_at(0), 2) == [first, second, failed]
    late = span("t")
    assert sampler.kept("a", [late], kept_at(0), 3) == [late]
    assert sampler.kept("b", [span("t")], kept_at(0), 3) == [], "the same trace in another app is another one"
    assert sampler.kept("a", [span("u", "error")], kept_at(0), sampling.HOLD_S + 1)[0]["status"] == "error"


def test_what_is_held_back_is_forgotten_in_time_and_within_bounds() -> None:
    sampler = TraceSampler()
    old, new = span("old"), span("new")
    sampler.kept("a", [old], kept_at(0), 0)
    sampler.kept("a", [new], kept_at(0), sampling.HOLD_S)
    failed = [span("old", "error"), span("new", "error")]
    assert sampler.kept("a", failed, kept_at(0), sampling.HOLD_S + 1) == [failed[0], new, failed[1]]
    sampler = TraceSampler()
    first = span("first")
    sampler.kept("a", [first, *(span(f"t{n}") for n in range(sampling.MAX_HELD))], kept_at(0), 0)
    error = span("first", "error")
    assert sampler.kept("a", [error], kept_at(0), 0) == [error]


def test_nothing_is_kept_where_instrumentation_is_off() -> None:
    assert TraceSampler().kept("a", [span("t", "error")], kept_at(1, enabled=False), 0) == []
    spans = [span("t")]
    assert TraceSampler().kept("a", spans, kept_at(1), 0) == spans
