"""The endpoints of commits: lists for admins, single commits for every caller who may read one of their records."""

from __future__ import annotations

from datetime import datetime

from libs.shared import exact
from libs.shared.contracts import commits as commits_contracts
from libs.shared.contracts.messages import Response
from libs.shared.errors import RocketError, not_found
from libs.shared.paging import page_of
from libs.shared.schema import BadValue, FieldDefinition, Snapshot, parse_text
from services.data.history import commits
from services.data.history.entry_visibility import entry_conditions, load_disclosed
from services.data.log import store
from services.data.model.version import check_current
from services.data.query.scope import refused
from services.data.request.context import RequestContext
from services.data.request.schema_fence import under_schema

TIME = FieldDefinition(name="time", type="timestamp")
MAX_RECORDS = 1_000
"""Records of a commit in one response."""
HIDDEN_UNDO_MESSAGES = {"FORBIDDEN": "You may not undo this commit", "CONFLICT": "This commit can't be undone any more"}
"""What refusals say about hidden commits: they name neither an entity nor a record."""


@under_schema
async def list_commits(ctx: RequestContext, request: commits_contracts.ListCommits) -> Response:
    query = dict(request.query)
    page = page_of(query)
    start, end = _time(query, "from"), _time(query, "to")
    if "\x00" in query.get("user_id", ""):
        raise refused("user_id", "must not hold the character NUL")
    numbers = _numbers(ctx.model.schema, query["entity"]) if query.get("entity") else None
    chosen = (numbers, query.get("user_id") or None, start, end)
    rows, total = await commits.list_page(ctx.database, chosen, page)
    await check_current(ctx.database, ctx.model)
    data = [commits.serialize_commit(ctx.model.schema, row) for row in rows]
    return Response(body=exact.dumps({"data": data, "meta": page.meta(total)}))


@under_schema
async def get_commit(ctx: RequestContext, request: commits_contracts.GetCommit) -> Response:
    page = page_of(dict(request.query), MAX_RECORDS, MAX_RECORDS)
    position = await store.find_position(ctx.database, request.commit_id)
    if position is None:
        raise not_found("Commit")
    scope = ctx.scope()
    conditions = entry_conditions(scope, ctx.caller.is_admin)
    rows, total = await commits.load_visible(ctx.database, position, conditions, scope, page)
    await check_current(ctx.database, ctx.model)
    if not total:
        raise not_found("Commit")
    # Beyond the last page there are no entries that describe the commit, so the first one is loaded.
    first = rows[0] if rows else (await store.load_entries(ctx.database, position, 1))[0]
    disclosed = await load_disclosed(ctx.database, ctx.model, ctx.caller, rows)
    entries = [commits.serialize_entry(ctx.model.schema, row, disclosed) for row in rows]
    data = {**commits.commit_fields(first), "records": entries}
    return Response(body=exact.dumps({"data": data, "meta": page.meta(total)}))


async def refuse_undo(ctx: RequestContext, named: str, refusal: RocketError) -> RocketError:
    """A refusal to undo a commit, without any detail of records if the caller may read none of them."""
    message = HIDDEN_UNDO_MESSAGES.get(refusal.code)
    if message is None or ctx.caller.is_admin:
        return refusal
    position = await store.find_position(ctx.database, named)
    if position is None:
        return refusal
    scope = ctx.scope()
    conditions = entry_conditions(scope, is_admin=False)
    _, readable = await commits.load_visible(ctx.database, position, conditions, scope, page_of({}, 1, 1))
    return refusal if readable else RocketError(refusal.code, message)


def _numbers(schema: Snapshot, name: str) -> list[int]:
    """The numbers in the log of the entities, or join tables, that have or had this name."""
    entities = [number for number, entity in schema.by_number.items() if entity.name == name]
    found = entities + [number for number, relation in schema.joins.items() if relation.join_table == name]
    if not found:
        raise RocketError("UNKNOWN_ENTITY", f"Unknown entity: {name[:100]}")
    return found


def _time(query: dict[str, str], name: str) -> datetime | None:
    if not query.get(name):
        return None
    try:
        moment: datetime = parse_text(TIME, query[name])
    except BadValue as problem:
        raise refused(name, problem) from None
    return moment
