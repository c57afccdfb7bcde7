"""What a caller may read of the activity of a record: entries of its log, and comments on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.shared import exact
from libs.shared.contracts.activity import MAX_PLACES, DescribeActivity
from libs.shared.contracts.messages import Response
from libs.shared.errors import invalid
from libs.shared.schema.comments import COMMENTS
from services.data.comments.views import told_comment
from services.data.handlers.commented_records import Subject, readable_record, record_now
from services.data.history import records
from services.data.model.version import check_current
from services.data.permissions import grant_for
from services.data.query.statements import many_now_sql
from services.data.request.context import RequestContext
from services.data.request.schema_fence import under_schema


@under_schema
async def describe_activity(ctx: RequestContext, request: DescribeActivity) -> Response:
    if len(request.places) > MAX_PLACES or len(request.comments) > MAX_PLACES:
        raise invalid(f"A request takes at most {MAX_PLACES} entries")
    subject = await readable_record(ctx, request)
    found = {
        "entity": subject.entity.name,
        "record_id": subject.text,
        "states": [machine.field for machine in ctx.model.rules(subject.entity.name).machines],
        "entries": await _entries(ctx, subject, request.places),
        "comments": await _comments(ctx, subject, request.comments),
    }
    return Response(body=exact.dumps(found))


async def _entries(ctx: RequestContext, subject: Subject, places: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """Entries as a history shows them, without the timestamps that every update sets."""
    if not places:
        return {}
    entity, grant, now = subject.entity, grant_for(subject.entity, "read", ctx.caller), await record_now(ctx, subject)
    rows = await records.load_places(ctx.database, entity, ctx.scope(), subject.text, places)
    await check_current(ctx.database, ctx.model)
    stamps = {name for name, field in entity.fields.items() if field.auto == "update"}
    entries = {}
    for row in rows:
        entry = records.serialize_entry(ctx.model.schema, entity, row, grant, now)
        changed = {name: each for name, each in entry["changed"].items() if name not in stamps}
        entries[f"{row['position']}.{row['n']}"] = {**entry, "changed": changed}
    return entries


async def _comments(ctx: RequestContext, subject: Subject, ids: Sequence[str]) -> dict[str, Any]:
    """Comments as they are today, without those that were deleted."""
    if not ids or not subject.entity.definition.comments:
        return {}
    rows = await ctx.database.fetch(many_now_sql(ctx.model.entity(COMMENTS)), list(ids))
    found = {row["key"]: exact.loads(row["record"]) for row in rows if row["live"]}
    return {
        key: told_comment(comment, subject.entity.name)
        for key, comment in found.items()
        if subject.has(comment) and not comment["deleted"]
    }
