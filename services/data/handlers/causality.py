"""The commits that requests have led to, for the graph of what they caused."""

from __future__ import annotations

from typing import Any

from libs.shared.contracts.causality import MAX_FOUND, FindCommits, Found, FoundEffects
from libs.shared.ids import parse_uuid
from services.data.log import store
from services.data.log.entries import context_of, title_of
from services.data.request.context import RequestContext
from services.data.request.schema_fence import under_schema


@under_schema
async def find_commits(ctx: RequestContext, request: FindCommits) -> FoundEffects:
    traces = [trace for text in request.traces if (trace := parse_uuid(text))]
    rows = await store.load_caused(ctx.database, traces, request.effect_keys, MAX_FOUND + 1)
    return FoundEffects([_found(ctx, row) for row in rows[:MAX_FOUND]], len(rows) > MAX_FOUND)


def _found(ctx: RequestContext, row: Any) -> Found:
    schema, number = ctx.model.schema, row["entity"]
    known = number in schema.by_number or number in schema.joins
    context = context_of(row)
    return {
        "position": row["position"],
        "commit_id": row["commit_id"],
        "at": row["at"],
        "trace_id": row["trace_id"],
        "effect_key": row["effect_key"],
        "cause": context["cause"],
        "by": context["actor"].get("email"),
        "action": row["action"],
        "entity": title_of(schema, number) if known else None,
        "record_id": row["record_id"],
        "records": row["records"],
    }
