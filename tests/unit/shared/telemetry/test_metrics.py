"""Metrics as Prometheus reads them."""

from __future__ import annotations

import pytest

from libs.shared.telemetry.metrics import BUCKETS_S, METRICS, ProcessMetrics, render, sample


def test_metrics_are_rendered_once_with_their_kinds() -> None:
    own = ProcessMetrics()
    own.count("rocket_mails_total", outcome="sent")
    own.count("rocket_mails_total", 2, outcome="sent")
    own.collect_from(lambda: [sample("rocket_lag", 7, of='a"b\\c')])
    text = render([("notify", own.samples()), ("data", [sample("rocket_lag", 0.5, of="relay")])])
    assert text.splitlines() == [
        f"# HELP rocket_lag {METRICS['rocket_lag'].help}",
        "# TYPE rocket_lag gauge",
        'rocket_lag{service="notify",of="a\\"b\\\\c"} 7',
        'rocket_lag{service="data",of="relay"} 0.5',
        f"# HELP rocket_mails_total {METRICS['rocket_mails_total'].help}",
        "# TYPE rocket_mails_total counter",
        'rocket_mails_total{service="notify",outcome="sent"} 3',
    ]


def test_histograms_count_up_to_each_end() -> None:
    own = ProcessMetrics()
    histogram = own.histogram("rocket_http_request_seconds", area="records", status="2xx")
    for seconds in (0.001, 0.002, 0.3, 99.0):
        histogram.observe(seconds)
    assert own.histogram("rocket_http_request_seconds", status="2xx", area="records") is histogram
    found = {(each.suffix, dict(each.labels).get("le")): each.value for each in own.samples()}
    assert (found["_bucket", "0.002"], found["_bucket", "0.5"], found["_bucket", "+Inf"]) == (2, 3, 4)
    assert found["_count", None] == 4 and found["_sum", None] == pytest.approx(99.303)
    assert len(found) == len(BUCKETS_S) + 3


@pytest.mark.parametrize("labels", [{}, {"kind": "x"}])
def test_what_is_not_in_the_table_cannot_be_counted(labels: dict[str, str]) -> None:
    own = ProcessMetrics()
    with pytest.raises(KeyError):
        own.count("rocket_mails_total", 1, **labels)
    with pytest.raises(KeyError):
        own.count("rocket_unheard_of_total")
