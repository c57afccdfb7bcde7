"""Builds the tree of a trace. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

MAX_LEVELS = 50
"""Levels of the tree. Deeper spans are shown at the last level."""

Span = dict[str, Any]


def waterfall(spans: Sequence[Span]) -> Span:
    """`{trace_id, root_span: {..., children}, span_count, total_duration_ms}` of one trace's spans.

    Children are in order of time. Spans whose parent is not among them are shown below the root.
    """
    # A span that was told of twice, as a consumer has taken its commit in again, is one.
    once = {span["span_id"] or number: span for number, span in enumerate(spans)}
    ordered = sorted(once.values(), key=lambda span: span["created_at"])
    nodes = [{**span, "children": []} for span in ordered]
    root = _root(nodes)
    _attach(root, nodes)
    return {
        "trace_id": root["trace_id"],
        "root_span": root,
        "span_count": len(nodes),
        "total_duration_ms": root["duration_ms"],
    }


def _root(nodes: Sequence[Span]) -> Span:
    """The first span without a parent, preferably one of the gateway."""
    known = {node["span_id"] for node in nodes}
    tops = [node for node in nodes if node["parent_span_id"] not in known] or list(nodes)
    return next((node for node in tops if node["source"] == "http"), tops[0])


def _attach(root: Span, nodes: Sequence[Span]) -> None:
    """Add every node to its parent, level by level from the root. Remaining nodes are added to the root."""
    waiting: dict[str | None, list[Span]] = defaultdict(list)
    known = {node["span_id"] for node in nodes if node["span_id"]}
    for node in nodes:
        if node is not root:
            parent = node["parent_span_id"]
            waiting[parent if parent in known else root["span_id"]].append(node)
    _descend(root, waiting)
    while left := [node for group in waiting.values() for node in group]:
        # Spans that are ancestors of each other: no path leads to them from the root.
        waiting[left[0]["parent_span_id"]].remove(left[0])
        root["children"].append(left[0])
        _descend(left[0], waiting)


def _descend(top: Span, waiting: dict[str | None, list[Span]]) -> None:
    level = [(top, top)]
    depth = 0
    while level:
        depth += 1
        below = []
        for node, shown in level:
            for child in waiting.pop(node["span_id"], []):
                shown["children"].append(child)
                below.append((child, child if depth < MAX_LEVELS else shown))
        level = below
