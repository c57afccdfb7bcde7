"""Which spans of an app are kept: whole traces by chance, and every trace with an error.

A trace is chosen by its id alone, so all replicas choose the same ones. The spans of a trace come in several batches:
those of traces that are not chosen are held back for a while, in case an error follows.
"""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from libs.shared.schema.app_settings import InstrumentationSettings
from services.events.settings import EventsSettings

HOLD_S = 30.0
"""Seconds that spans are held back: longer than a request takes, and its spans are on their way."""
MAX_HELD = 20_000
"""Spans that a process holds back; the oldest traces go first."""
SCALE = 2**32

BUSINESS = "business"
"""The type of events that are kept whatever becomes of their trace."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Instrumentation:
    """What is kept of an app's spans and events."""

    enabled: bool
    retention_days: int
    sampling_rate: float

    @classmethod
    def of(cls, own: InstrumentationSettings, installation: EventsSettings) -> Instrumentation:
        """The app's own settings; where there are none, those of the installation."""
        enabled, days, rate = own.enabled, own.retention_days, own.sampling_rate
        return cls(
            installation.instrumentation_enabled if enabled is None else enabled,
            installation.retention_days if days is None else days,
            installation.sampling_rate if rate is None else rate,
        )


@dataclass(slots=True)
class _HeldTrace:
    """A trace that was not chosen: its spans so far by their ids, or nothing once an error was among them."""

    since: float
    spans: dict[str, Row] = field(default_factory=dict)
    failed: bool = False


class TraceSampler:
    """The traces of all apps that this process has not chosen lately."""

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[str, str], _HeldTrace] = OrderedDict()
        self._spans = 0

    def kept(self, app_id: str, spans: Iterable[Row], instrumentation: Instrumentation, now: float) -> list[Row]:
        """The spans to store of those that have come, and those held back that belong to an error among them."""
        if not instrumentation.enabled:
            return [span for span in spans if span["event_type"] == BUSINESS]
        if instrumentation.sampling_rate >= 1:
            return list(spans)
        kept: list[Row] = []
        self._forget(now)
        for span in spans:
            if is_chosen(span["trace_id"], instrumentation.sampling_rate) or span["event_type"] == BUSINESS:
                kept.append(span)
            else:
                kept += self._released(app_id, span, now)
        self._forget(now)
        return kept

    def _released(self, app_id: str, span: Row, now: float) -> list[Row]:
        """The spans that may be stored now that this one has come; mostly none."""
        key = (app_id, span["trace_id"])
        trace = self._held.get(key)
        if trace is None:
            trace = self._held[key] = _HeldTrace(now)
        if trace.failed:
            return [span]
        if span["status"] != "error":
            self._spans += span["span_id"] not in trace.spans
            trace.spans[span["span_id"]] = span
            return []
        released = [each for name, each in trace.spans.items() if name != span["span_id"]]
        self._spans -= len(trace.spans)
        trace.failed, trace.spans = True, {}
        return [*released, span]

    def _forget(self, now: float) -> None:
        while self._held:
            trace = next(iter(self._held.values()))
            if now - trace.since < HOLD_S and self._spans <= MAX_HELD and len(self._held) <= MAX_HELD:
                return
            self._spans -= len(trace.spans)
            self._held.popitem(last=False)


def is_chosen(trace_id: str, rate: float) -> bool:
    """Whether a trace is among this part of all."""
    return zlib.crc32(trace_id.encode()) < rate * SCALE
