"""The metrics of a process: one table of what there is, counters, histograms, and the Prometheus text format.

Counting is an addition to a number in memory. What can be read when somebody asks (pools, lags, ages) is not counted at
all: collectors read it then. A name that is not in METRICS can't be counted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True, slots=True)
class MetricDefinition:
    """What a metric is, and by which labels it is split, beside `service`."""

    kind: Kind
    help: str
    labels: tuple[str, ...] = ()


def _counter(text: str, *labels: str) -> MetricDefinition:
    return MetricDefinition("counter", text, labels)


def _gauge(text: str, *labels: str) -> MetricDefinition:
    return MetricDefinition("gauge", text, labels)


METRICS: Mapping[str, MetricDefinition] = {
    "rocket_ready": _gauge("1 if the service and all its dependencies answer"),
    "rocket_lag": _gauge("Messages or commits that a consumer or relay has not handled yet", "of"),
    "rocket_position": _gauge("The sequence up to which a consumer has handled its stream", "of"),
    "rocket_degraded": _gauge("1 for work of an app that makes no progress", "app", "what"),
    "rocket_http_request_seconds": MetricDefinition(
        "histogram", "Seconds from the arrival of a request to its response", ("area", "status")
    ),
    "rocket_rpc_requests_total": _counter("Requests of other services that were answered", "endpoint"),
    "rocket_rpc_errors_total": _counter("Requests of other services that failed with a fault of ours", "endpoint"),
    "rocket_rpc_seconds_total": _counter("Seconds spent on requests of other services", "endpoint"),
    "rocket_db_queries_total": _counter("Statements and transactions that were run"),
    "rocket_db_errors_total": _counter("Statements that PostgreSQL refused, or that could not be sent"),
    "rocket_db_query_seconds_total": _counter("Seconds that statements took, waiting for a connection included"),
    "rocket_db_connections": _gauge("Connections to a PostgreSQL server: lent or idle", "server", "state"),
    "rocket_db_connections_max": _gauge("Connections that the process may have to a server", "server"),
    "rocket_db_waiting": _gauge("Statements that wait for a connection", "server"),
    "rocket_timers_overdue": _gauge("Apps whose due work nobody has taken up yet", "of"),
    "rocket_timers_late_seconds": _gauge("How long the oldest due work has been waiting", "of"),
    "rocket_dead_letters_total": _counter("Events that a consumer could not handle", "consumer"),
    "rocket_deliveries_total": _counter("Attempts to deliver webhooks: delivered, retrying or failed", "outcome"),
    "rocket_delivery_seconds_total": _counter("Seconds that attempts to deliver webhooks took"),
    "rocket_mails_total": _counter("Attempts to send mails: sent, retrying or failed", "outcome"),
    "rocket_spans_shipped_total": _counter("Spans that were sent to be stored"),
    "rocket_spans_dropped_total": _counter("Spans that were lost, as a buffer was full or NATS was away"),
    "rocket_otlp_exported_total": _counter("Spans that an OpenTelemetry collector has taken"),
    "rocket_otlp_dropped_total": _counter("Spans that an OpenTelemetry collector has not taken"),
    "rocket_events_stored_total": _counter("Spans and events that were stored"),
    "rocket_rate_limited_total": _counter("Requests that were refused by a rate limit", "kind"),
    "rocket_password_checks_total": _counter("Passwords that were compared"),
    "rocket_logins_throttled_total": _counter("Logins that had to wait"),
    "rocket_identity_mails_lost_total": _counter("Mails of accounts that could not be handed over"),
    "rocket_imports_running": _gauge("Import jobs under way"),
    "rocket_imported_rows_total": _counter("Rows that imports have written"),
    "rocket_imports_interrupted_total": _counter("Import jobs that were left to the next claim"),
    "rocket_process_cpu_seconds_total": _counter("Processor time of the process"),
    "rocket_process_resident_bytes": _gauge("Memory of the process"),
    "rocket_process_start_time_seconds": _gauge("When the process started, in Unix seconds"),
}
"""Every metric there is; deploy/monitoring and docs/reference/operating.md use no other."""
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS_S = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper ends of a histogram's buckets."""

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class MetricSample:
    """One line: a metric, what it is of, and its value. `suffix` is that of a part of a histogram."""

    name: str
    value: float
    labels: Labels = ()
    suffix: str = ""


@dataclass(slots=True)
class Histogram:
    """How often something took how long."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS_S) + 1))
    total_s: float = 0.0

    def observe(self, seconds: float) -> None:
        self.counts[bisect_left(BUCKETS_S, seconds)] += 1
        self.total_s += seconds

    def samples(self, name: str, labels: Labels) -> Iterator[MetricSample]:
        so_far = 0
        for end, count in zip((*map(str, BUCKETS_S), "+Inf"), self.counts, strict=True):
            so_far += count
            yield MetricSample(name, so_far, (*labels, ("le", end)), "_bucket")
        yield MetricSample(name, self.total_s, labels, "_sum")
        yield MetricSample(name, so_far, labels, "_count")


Collector = Callable[[], Iterable[MetricSample]]


class ProcessMetrics:
    """What a process has counted, and what is read when somebody asks."""

    def __init__(self) -> None:
        self._counters: dict[tuple[str, Labels], float] = {}
        self._histograms: dict[tuple[str, Labels], Histogram] = {}
        self._collectors: list[Collector] = []

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        key = (name, _checked(name, labels))
        self._counters[key] = self._counters.get(key, 0) + amount

    def histogram(self, name: str, **labels: str) -> Histogram:
        """The histogram of these labels; to be kept by whoever observes often."""
        key = (name, _checked(name, labels))
        return self._histograms.setdefault(key, Histogram())

    def collect_from(self, collector: Collector) -> None:
        """Read from `collector` whenever somebody asks."""
        self._collectors.append(collector)

    def samples(self) -> Iterator[MetricSample]:
        """All values of this moment."""
        for (name, labels), value in self._counters.items():
            yield MetricSample(name, value, labels)
        for (name, labels), histogram in self._histograms.items():
            yield from histogram.samples(name, labels)
        for collector in self._collectors:
            yield from collector()


metrics = ProcessMetrics()


def sample(name: str, value: float, **labels: str) -> MetricSample:
    """A value of this moment."""
    return MetricSample(name, value, _checked(name, labels))


def render(groups: Sequence[tuple[str, Iterable[MetricSample]]]) -> str:
    """The samples of services, `(service, samples)`, in the Prometheus text format 0.0.4: each metric once."""
    lines: dict[str, list[str]] = {name: [] for name in METRICS}
    for service, samples in groups:
        for each in samples:
            lines[each.name].append(_line(service, each))
    parts = []
    for name, own in lines.items():
        if own:
            definition = METRICS[name]
            parts += [f"# HELP {name} {definition.help}", f"# TYPE {name} {definition.kind}", *own]
    return "\n".join(parts) + "\n"


def _checked(name: str, labels: Mapping[str, str]) -> Labels:
    """The labels of a metric in its order. Raises KeyError for a metric, or a label, that there is not."""
    return tuple((label, labels[label]) for label in METRICS[name].labels)


def _line(service: str, each: MetricSample) -> str:
    pairs = (("service", service), *each.labels)
    labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in pairs)
    value = int(each.value) if float(each.value).is_integer() else each.value
    return f"{each.name}{each.suffix}{{{labels}}} {value}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
