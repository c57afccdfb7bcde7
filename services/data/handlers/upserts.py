"""Bulk writes that create or update, by a key of the caller's choice."""

from __future__ import annotations

from libs.shared import exact
from libs.shared.bodies import read_array
from libs.shared.contracts import records as contracts
from libs.shared.contracts.messages import Response
from libs.shared.errors import RocketError
from services.data.model import EntityModel
from services.data.permissions import grant_for
from services.data.query.scope import refused
from services.data.request.context import RequestContext
from services.data.writes.requests.responses import conceal
from services.data.writes.requests.upserts import upsert, upsert_key

BulkRequest = contracts.CreateRecords | contracts.UpdateRecords


def is_upsert(request: BulkRequest) -> bool:
    """Whether a bulk write asks for `on_conflict=update`. Raises INVALID_PAYLOAD for half of it."""
    query = dict(request.query)
    if "on_conflict" not in query and "key" not in query:
        return False
    if query.get("on_conflict") != "update":
        raise refused("on_conflict", "must be update")
    if not query.get("key"):
        raise refused("key", "is required with on_conflict: a unique field")
    for name in query:
        if name not in ("on_conflict", "key", "dry_run"):
            raise refused(name, "can't be combined with on_conflict: the key chooses the records")
    return True


async def upsert_records(ctx: RequestContext, entity: EntityModel, request: BulkRequest, dry_run: bool) -> Response:
    """Create and update records in one commit, or none. 200 with counts, and for each row its id and what was done."""
    grant_for(entity, "create", ctx.caller)
    grant = grant_for(entity, "update", ctx.caller)
    key = upsert_key(ctx.scope(), entity, dict(request.query)["key"])
    write = ctx.write()
    try:
        drafts = await upsert(write, entity, key, grant, read_array(request.body), dry_run)
    except RocketError as refusal:
        raise conceal(write, entity, "update", refusal) from None
    actions = ["updated" if draft.stored else "created" for draft in drafts]
    data = {
        "created": actions.count("created"),
        "updated": actions.count("updated"),
        "ids": [entity.key.json_value(draft.record) for draft in drafts],
        "actions": actions,
        **({"dry_run": True} if dry_run else {}),
    }
    headers = {"X-Commit": str(write.position)} if write.position else {}
    return Response(200, exact.dumps({"data": data}), headers)
