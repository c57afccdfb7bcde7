"""What a caller sees of changes of comments: those on records that they may read, of comments that are still there.

A comment that was deleted since is only told to have left, so that a replay tells no text that is gone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from libs.shared import exact
from libs.shared.schema.comments import COMMENTS_NUMBER
from services.data.comments.views import told_comment
from services.data.permissions import granted
from services.data.query.statements import many_now_sql
from services.data.request.context import RequestContext

NOW = """
SELECT id::text AS id, entity, record_id, deleted_at IS NOT NULL AS gone, deleted
FROM records._comments WHERE id = ANY($1::text[]::uuid[])
"""
Record = tuple[int, str]
"""Number of the entity, and record id."""


async def visible_changes(ctx: RequestContext, rows: Sequence[Any]) -> list[dict[str, Any]]:
    """The rows of changes of comments that the caller may see, with what they may see of them.

    Of a commit that is too large to be told only the size is known, which tells nothing to those who see parts of it.
    """
    told = [(row, exact.loads(row["change"])) for row in rows if row["change"] is not None]
    found = await ctx.database.fetch(NOW, [change["id"] for _, change in told])
    now = {row["id"]: row for row in found}
    readable = await _readable(ctx, {(row["entity"], row["record_id"]) for row in found})
    shown = []
    for row, change in told:
        comment = now.get(change["id"])
        if comment is not None and (comment["entity"], comment["record_id"]) in readable:
            shown.append({**row, "change": exact.dumps(_shown(ctx, change, comment)).decode()})
    return shown


def _shown(ctx: RequestContext, change: dict[str, Any], comment: Any) -> dict[str, Any]:
    schema = ctx.model.schema
    if comment["gone"]:
        return {**change, "change": "left", "record": None}
    record: Mapping[str, Any] | None = change["record"]
    if record is None:
        return change
    title = schema.by_number[comment["entity"]].name
    told = told_comment(record, title)
    return {**change, "record": {**told, "body": None, "mentions": []} if comment["deleted"] else told}


async def _readable(ctx: RequestContext, records: set[Record]) -> set[Record]:
    """Those of the records that the caller may read, and that are not in the trash."""
    by_entity: dict[int, list[str]] = defaultdict(list)
    for number, record_id in records:
        by_entity[number].append(record_id)
    readable: set[Record] = set()
    for number, ids in by_entity.items():
        known = ctx.model.schema.by_number.get(number)
        if known is None or known.retired or number == COMMENTS_NUMBER or not known.definition.comments:
            continue
        entity = ctx.model.entity(known.name)
        grant = granted(entity, "read", ctx.caller)
        if grant is None:
            continue
        for row in await ctx.database.fetch(many_now_sql(entity), ids):
            if row["live"] and grant.covers(exact.loads(row["record"])):
                readable.add((number, row["key"]))
    return readable
