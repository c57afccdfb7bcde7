"""The spans of a trace, as a flat list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from libs.shared.testing.polling import eventually
from tests.support.client import Client

Span = dict[str, Any]


def flat(span: Span) -> Iterator[Span]:
    """A span and all below it."""
    yield span
    for child in span["children"]:
        yield from flat(child)


async def trace_with(admin: Client, trace_id: str, *actions: str) -> list[Span]:
    """The spans of a trace, when all of these actions are among them."""

    async def stored() -> Any:
        reply = await admin.get(f"/_events/trace/{trace_id}")
        spans = list(flat(reply.data["root_span"])) if reply.status == 200 else []
        return spans if set(actions) <= {span["action"] for span in spans} else None

    spans: list[Span] = await eventually(stored, within=20)
    return spans


def path_of(spans: Sequence[Span], span: Span) -> list[str]:
    """The actions from the root down to a span, by the parents that the spans name."""
    by_id = {each["span_id"]: each for each in spans}
    path = [span["action"]]
    while parent := by_id.get(span["parent_span_id"]):
        path.insert(0, parent["action"])
        span = parent
    return path
