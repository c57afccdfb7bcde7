"""Spans as light records: a slotted object in a bounded ring, never work on the request's path.

An OpenTelemetry SDK span costs 31-41 µs, one of these under 2. They become SDK objects only in the
exporter, when OTLP is configured. The ring drops when full, and counts what it dropped.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections import deque
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, Self

from libs.shared.contracts.context import NO_TRACE, Context

NOWHERE = Context(trace_id=NO_TRACE)
"""The context outside of any request; spans in it are not kept."""
RING_SPANS = 20_000
"""Finished spans a process keeps until they are shipped."""
MAX_KNOWN_APPS = 10_000
"""Apps whose settings a process knows."""


class Span:
    """One timed piece of work, around a `with` block or until `finish()`; status `error` when the block raises.

    `metadata` holds JSON values and never values of a caller's data.
    """

    __slots__ = (
        "_token", "action", "component", "context", "created_ns", "duration_ns", "entity", "event_type",
        "metadata", "parent_id", "record_id", "source", "span_id", "started_ns", "status",
    )  # fmt: skip

    def __init__(self, source: str, component: str, action: str, entity: str | None, span_id: str = "") -> None:
        active = _active.get()
        self.context, self.parent_id = active or (NOWHERE, "")
        self.source = source
        self.component = component
        self.action = action
        self.entity = entity
        self.span_id = span_id or f"{random.getrandbits(64):016x}"
        self.record_id: str | None = None
        self.event_type = "system"
        self.status = "ok"
        self.metadata: dict[str, Any] = {}
        self.duration_ns = 0

    @property
    def trace_id(self) -> str:
        return self.context.trace_id

    def __enter__(self) -> Self:
        self._token = _active.set((self.context, self.span_id))
        self.created_ns = time.time_ns()
        self.started_ns = time.perf_counter_ns()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self.duration_ns = time.perf_counter_ns() - self.started_ns
        _active.reset(self._token)
        if kind is not None:
            self.status = "error"
        recording.keep(self)

    def set_status(self, status: str) -> None:
        """`ok` or `error`."""
        self.status = status

    def set_metadata(self, **values: Any) -> None:
        """Add JSON values; they must be none of a caller's data."""
        self.metadata |= values

    def finish(self) -> None:
        """End a span that `start_span` has begun, in the task that began it."""
        self.__exit__(None, None, None)


class _NoSpan(Span):
    """Stands for the spans of apps whose instrumentation is off. It is shared, and nothing of it is kept."""

    __slots__ = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        return None


class Ring:
    """A bounded buffer of finished spans. When it is full, new spans are dropped and counted."""

    def __init__(self, size: int) -> None:
        self._spans: deque[Span] = deque()
        self._size = size
        self.dropped = 0

    def add(self, span: Span) -> None:
        if len(self._spans) >= self._size:
            self.dropped += 1
        else:
            self._spans.append(span)

    def __len__(self) -> int:
        return len(self._spans)

    def take(self, most: int) -> list[Span]:
        """Remove and return up to `most` of the oldest spans."""
        return [self._spans.popleft() for _ in range(min(most, len(self._spans)))]


class Recording:
    """Which spans are made at all. Apps that are not in `known` are asked about when their first spans are shipped."""

    def __init__(self) -> None:
        self.known: dict[str, bool] = {}

    def learn(self, app_id: str, is_enabled: bool) -> None:
        """Note whether the instrumentation of an app is enabled."""
        if len(self.known) >= MAX_KNOWN_APPS:
            self.known.clear()
        self.known[app_id] = is_enabled

    def forget(self, app_id: str) -> None:
        """Ask about an app again: its settings may have changed."""
        self.known.pop(app_id, None)

    def keep(self, span: Span) -> None:
        """Take a finished span up, if it belongs to a request of an app whose instrumentation is not disabled."""
        context = span.context
        app = context.app
        if context.trace_id != NO_TRACE and (app is None or self.known.get(app.id, True)):
            ring.add(span)


ring = Ring(RING_SPANS)
recording = Recording()
_active: ContextVar[tuple[Context, str] | None] = ContextVar("rocket_active_span", default=None)
_NO_SPAN = _NoSpan("", "", "", None)


class remote:  # noqa: N801 - a context manager, used like a function
    """Make the caller's span, named in `context`, the parent of the spans inside the `with` block."""

    __slots__ = ("_context", "_token")

    def __init__(self, context: Context) -> None:
        self._context = context

    def __enter__(self) -> None:
        self._token = _active.set((self._context, self._context.span_id))

    def __exit__(self, *_: object) -> None:
        _active.reset(self._token)


def span(source: str, component: str, action: str, entity: str | None = None, span_id: str = "") -> Span:
    """A child of the active span, to be entered with `with`. `span_id` is one that others can derive as well."""
    active = _active.get()
    if active and active[0].app and not recording.known.get(active[0].app.id, True):
        return _NO_SPAN
    return Span(source, component, action, entity, span_id)


def start_span(source: str, component: str, action: str, entity: str | None = None) -> Span:
    """A child of the active span that has begun; `finish()` ends it. Where a block is possible, use `span`."""
    return span(source, component, action, entity).__enter__()


def note(
    source: str, component: str, action: str, entity: str | None = None, *, status: str = "ok", **metadata: Any
) -> None:
    """Something that has happened, without a duration, below the active span."""
    with span(source, component, action, entity) as noted:
        noted.status = status
        noted.metadata = metadata
    noted.duration_ns = 0


def emit_business_event(
    action: str, entity: str | None = None, record_id: str | None = None, metadata: Mapping[str, Any] | None = None
) -> None:
    """A business event of the request being worked on. It is shipped with the spans, and is lost when they are.

    What must not be lost is recorded by `RecordEvent`, or emitted as a signal.
    """
    with span("app", "business", action, entity) as event:
        event.event_type = "business"
        event.record_id = record_id
        event.metadata = dict(metadata or {})
    event.duration_ns = 0


def derived_span_id(*parts: str) -> str:
    """A span id that everybody who knows the parts can derive: of a span that later work hangs under."""
    return hashlib.blake2b("/".join(parts).encode(), digest_size=8).hexdigest()


def write_span_id(commit_id: str) -> str:
    """The id of the span of the write that made a commit: the random half of the commit's id."""
    return commit_id[19:23] + commit_id[24:]


def adopt(context: Context) -> None:
    """Assign spans to `context` until the active span ends. Call it when the app has become known."""
    active = _active.get()
    if active:
        _active.set((context, active[1]))


def propagate(context: Context) -> Context:
    """`context` with the active span as parent, for the next hop."""
    active = _active.get()
    return context.under(active[1]) if active else context


def current() -> Context | None:
    """The context of the request being worked on, if any."""
    active = _active.get()
    return active[0] if active else None
