"""Traces as trees."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from services.events.traces import MAX_LEVELS, waterfall


def span(span_id: str, parent: str | None = None, at: int = 0, source: str = "engine") -> dict[str, Any]:
    return {
        "trace_id": "t",
        "span_id": span_id,
        "parent_span_id": parent,
        "source": source,
        "duration_ms": float(at),
        "created_at": f"2026-11-22T12:00:00.{at:06d}+00:00",
    }


def shape(node: dict[str, Any]) -> Any:
    children = [shape(child) for child in node["children"]]
    return {node["span_id"]: children} if children else node["span_id"]


def names(node: dict[str, Any]) -> list[str]:
    return [node["span_id"], *(name for child in node["children"] for name in names(child))]


def test_children_hang_below_their_parents_in_order_of_time() -> None:
    spans = [
        span("late", "root", 9),
        span("leaf", "early", 5),
        span("root", None, 4, "http"),
        span("early", "root", 3),
    ]
    tree = waterfall(spans)
    assert shape(tree["root_span"]) == {"root": [{"early": ["leaf"]}, "late"]}
    assert (tree["trace_id"], tree["span_count"], tree["total_duration_ms"]) == ("t", 4, 4.0)


def test_spans_without_a_known_parent_hang_below_the_root() -> None:
    spans = [span("signal", None, 1), span("door", None, 2, "http"), span("lost", "never shipped", 3)]
    assert shape(waterfall(spans)["root_span"]) == {"door": ["signal", "lost"]}


def test_without_a_gateway_span_the_first_is_the_root() -> None:
    assert shape(waterfall([span("b", None, 2), span("a", None, 1)])["root_span"]) == {"a": ["b"]}


def test_spans_in_a_cycle_are_shown() -> None:
    spans = [span("root", None, 0), span("a", "b", 1), span("b", "a", 2), span("self", "self", 3)]
    assert sorted(names(waterfall(spans)["root_span"])) == ["a", "b", "root", "self"]


def test_deep_trees_stay_readable() -> None:
    spans = [span(str(n), str(n - 1) if n else None, n) for n in range(2000)]
    tree = waterfall(spans)
    orjson.dumps(tree)

    def depth(node: dict[str, Any]) -> int:
        return 1 + max((depth(child) for child in node["children"]), default=0)

    assert depth(tree["root_span"]) == MAX_LEVELS + 1
    assert len(names(tree["root_span"])) == 2000


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 99), st.booleans()), min_size=1, max_size=9))
def test_every_span_is_shown_exactly_once(drawn: list[tuple[int, int, bool]]) -> None:
    spans = [span(str(n), None if top else str(parent), at) for n, (parent, at, top) in enumerate(drawn)]
    tree = waterfall(spans)
    assert sorted(names(tree["root_span"])) == sorted(str(n) for n in range(len(drawn)))
    assert tree["span_count"] == len(drawn)
