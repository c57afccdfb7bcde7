"""Dashboard, alert rules and documentation name what the services have, and every metric is shown."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from libs.shared.telemetry.metrics import METRICS

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "deploy" / "monitoring"
METRIC = re.compile(r"\b(rocket_[a-z0-9_]+)(?:\{([^}]*)\})?")
LABEL = re.compile(r'([a-z_]+)\s*(?:=~|!~|!=|=)\s*"')
GROUPED = re.compile(r"\bby \(([^)]*)\)")
PARTS = ("_bucket", "_sum", "_count")


def panels() -> list[dict[str, Any]]:
    document = json.loads((MONITORING / "grafana" / "rocket.json").read_text(encoding="utf-8"))
    return [panel for panel in document["panels"] if panel["type"] != "row"]


def rules() -> list[dict[str, Any]]:
    document = yaml.safe_load((MONITORING / "alerts.yaml").read_text(encoding="utf-8"))
    return [rule for group in document["groups"] for rule in group["rules"]]


PANELS = [(panel["title"], target["expr"]) for panel in panels() for target in panel["targets"]]
RULES = [(rule["alert"], rule["expr"]) for rule in rules()]


def definition_name(metric: str) -> str:
    """The metric that a name in an expression is a part of."""
    for part in PARTS:
        name = metric.removesuffix(part)
        if name != metric and name in METRICS and METRICS[name].kind == "histogram":
            return name
    return metric


@pytest.mark.parametrize(("title", "expression"), [*PANELS, *RULES])
def test_expressions_name_what_there_is(title: str, expression: str) -> None:
    named = METRIC.findall(expression)
    assert named, f"{title} names no metric"
    known = {"service", "le"}
    for metric, conditions in named:
        definition = METRICS[definition_name(metric)]
        assert set(LABEL.findall(conditions)) <= {"service", *definition.labels}, expression
        assert (definition.kind == "counter") == metric.endswith("_total"), metric
        known |= set(definition.labels)
    for group in GROUPED.findall(expression):
        assert {label.strip() for label in group.split(",")} <= known, expression
    # Only counters have a rate.
    for metric in re.findall(r"(?:rate|increase)\((rocket_[a-z0-9_]+)", expression):
        assert metric.endswith(("_total", *PARTS, "_position")), expression


def test_every_metric_is_on_the_dashboard_and_documented() -> None:
    shown = {definition_name(metric) for _, expression in PANELS for metric, _ in METRIC.findall(expression)}
    assert shown == set(METRICS)
    text = (ROOT / "docs" / "reference" / "operating.md").read_text(encoding="utf-8")
    assert {definition_name(name) for name, _ in METRIC.findall(text) if definition_name(name) in METRICS} == set(
        METRICS
    )


def test_panels_do_not_overlap_and_alerts_say_what_is_wrong() -> None:
    places: set[tuple[int, int]] = set()
    for panel in panels():
        grid = panel["gridPos"]
        columns, lines = range(grid["x"], grid["x"] + grid["w"]), range(grid["y"], grid["y"] + grid["h"])
        cells = {(x, y) for x in columns for y in lines}
        assert grid["x"] + grid["w"] <= 24 and not cells & places, panel["title"]
        places |= cells
    guide = (ROOT / "docs" / "guides" / "monitoring.md").read_text(encoding="utf-8")
    for rule in rules():
        assert rule["labels"]["severity"] in ("critical", "warning", "info") and rule["annotations"]["summary"]
        assert rule["alert"] in guide, f"{rule['alert']} is not in docs/guides/monitoring.md"
