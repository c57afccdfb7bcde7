"""Figures about workflows as the rows of a widget. Pure."""

from __future__ import annotations

from typing import Any

from libs.shared.schema.dashboards import KpiQuery


def kpi_rows(query: KpiQuery, figures: dict[str, Any]) -> dict[str, Any]:
    """`{data, meta}` from what the workflow service answers."""
    meta = {**figures["window"], "complete": figures["complete"]}
    return {"data": _rows(query, figures), "meta": meta}


def _rows(query: KpiQuery, figures: dict[str, Any]) -> list[dict[str, Any]]:
    match query.kpi:
        case "throughput":
            return list(figures["series"])
        case "approval_time":
            names = ("workflow", "step", "entered", "open", "avg_seconds", "p95_seconds")
            return [{name: step[name] for name in names} for step in figures["steps"]]
        case "sla":
            return [figures["sla"]]
    return list(figures[query.kpi])
