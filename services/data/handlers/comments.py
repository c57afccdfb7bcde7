"""Comments on records. Who may read a record may read and write them, unless a policy says who may `comment`."""

from __future__ import annotations

from libs.shared import exact
from libs.shared.bodies import parse_body, validate
from libs.shared.contracts import comments as contracts
from libs.shared.contracts.context import SYSTEM
from libs.shared.contracts.effects import AddRecord, Effected
from libs.shared.contracts.identity import FindNamed
from libs.shared.contracts.messages import Response
from libs.shared.contracts.records import ListRecords, RecordHistory
from libs.shared.errors import RocketError, not_found
from libs.shared.etags import demanded_versions, etag
from libs.shared.schema.comments import COMMENTS, named_entity
from services.data.comments.mentions import ids_of, local_part, readers_among
from services.data.comments.views import history_entry
from services.data.handlers.commented_records import (
    Subject,
    check_parent,
    comment_rows,
    comment_values,
    filters_above,
    find_comment,
    mentioned_readers,
    record_now,
    refuse_silent,
    subject_of,
)
from services.data.handlers.record_history import record_history
from services.data.handlers.record_reads import list_records
from services.data.query.scope import refused
from services.data.request.context import RequestContext
from services.data.request.schema_fence import under_schema
from services.data.writes.context.write_context import WriteContext
from services.data.writes.requests import comments, effects
from services.data.writes.statements.changes import Written
from services.data.writes.statements.locking import Stored

SORTS = ("created_at", "-created_at")
MAX_SUGGESTIONS = 10


@under_schema
async def list_comments(ctx: RequestContext, request: contracts.ListComments) -> Response:
    query = dict(request.query)
    subject = await subject_of(ctx, request, query)
    if query.get("sort", SORTS[0]) not in SORTS:
        raise refused("sort", f"must be one of {', '.join(SORTS)}")
    passed = [(name, value) for name, value in request.query if name not in ("parent_id", "sort")]
    pairs = [*filters_above(subject, query.get("parent_id")), ("sort", query.get("sort", SORTS[0])), *passed]
    response = await list_records(ctx.state, ctx.context.for_user(SYSTEM), ListRecords(COMMENTS, pairs))
    document = exact.loads(response.body)
    rows = await comment_rows(ctx, subject, document["data"], query)
    return Response(body=exact.dumps({"data": rows, "meta": document["meta"]}))


@under_schema
async def get_comment(ctx: RequestContext, request: contracts.GetComment) -> Response:
    query = dict(request.query)
    subject = await subject_of(ctx, request, query)
    comment, version = await find_comment(ctx, subject, request.comment_id, request.query)
    [row] = await comment_rows(ctx, subject, [comment], query)
    return Response(body=exact.dumps({"data": row}), headers=etag(version))


@under_schema
async def create_comment(ctx: RequestContext, request: contracts.CreateComment) -> Response:
    body = parse_body(contracts.CommentBody, request.body)
    subject = await subject_of(ctx, request)
    await refuse_silent(ctx, subject)
    if body.parent_id is not None:
        await check_parent(ctx, subject, body.parent_id)
    write = ctx.write()
    written = await comments.add(
        write, subject.entity, subject.key, await comment_values(ctx, subject, body.body, body.parent_id)
    )
    return await _respond(ctx, write, subject, written, 201)


@under_schema
async def edit_comment(ctx: RequestContext, request: contracts.EditComment) -> Response:
    body = parse_body(contracts.EditedCommentBody, request.body)
    subject = await subject_of(ctx, request)
    comment, _ = await find_comment(ctx, subject, request.comment_id)
    if comment["deleted"]:
        raise not_found("Comment")
    if comment["user_id"] != ctx.caller.id:
        raise RocketError("FORBIDDEN", "Only its author may change a comment")
    await refuse_silent(ctx, subject)
    write = ctx.write()
    mentions = await mentioned_readers(ctx, subject, body.body)
    told = ids_of(mentions, comment["notified"])
    values = {"body": body.body, "mentions": mentions, "notified": told, "edited": True}
    key = ctx.model.entity(COMMENTS).key.parse(comment["id"])
    written = await comments.edit(write, key, demanded_versions(request.if_match), values)
    return await _respond(ctx, write, subject, written)


@under_schema
async def delete_comment(ctx: RequestContext, request: contracts.DeleteComment) -> Response:
    subject = await subject_of(ctx, request)
    comment, _ = await find_comment(ctx, subject, request.comment_id)
    if comment["deleted"]:
        raise not_found("Comment")
    if comment["user_id"] != ctx.caller.id and not ctx.caller.is_admin:
        raise RocketError("FORBIDDEN", "Only its author, or an admin, may delete a comment")
    write = ctx.write()
    key = ctx.model.entity(COMMENTS).key.parse(comment["id"])
    await comments.delete(write, key, demanded_versions(request.if_match))
    return Response(body=exact.dumps({"data": {"id": comment["id"]}}), headers={"X-Commit": str(write.position)})


@under_schema
async def comment_history(ctx: RequestContext, request: contracts.CommentHistory) -> Response:
    subject = await subject_of(ctx, request, dict(request.query))
    comment, _ = await find_comment(ctx, subject, request.comment_id, request.query)
    if comment["deleted"] and not ctx.caller.is_admin:
        raise not_found("Comment")
    query = [(name, value) for name, value in request.query]
    history = RecordHistory(COMMENTS, comment["id"], query)
    response = await record_history(ctx.state, ctx.context.for_user(SYSTEM), history)
    document = exact.loads(response.body)
    entries = [history_entry(entry) for entry in document["data"]]
    return Response(body=exact.dumps({"data": entries, "meta": document["meta"]}))


@under_schema
async def list_mentionable(ctx: RequestContext, request: contracts.ListMentionable) -> Response:
    subject = await subject_of(ctx, request)
    prefix = dict(request.query).get("q", "").removeprefix("@")
    found = await ctx.state.core.rpc.request(FindNamed(prefix=prefix), ctx.context)
    people = [(*pair, roles) for pair, roles in zip(found.people, found.roles, strict=True)]
    readers = readers_among(subject.entity, await record_now(ctx, subject), people)[:MAX_SUGGESTIONS]
    data = [{"id": each.id, "email": each.email, "name": local_part(each.email)} for each in readers]
    return Response(body=exact.dumps({"data": data}))


@under_schema
async def add_comment(ctx: RequestContext, request: contracts.AddComment) -> Effected:
    """A comment of a workflow, in the name of the person that it acts for."""
    body = validate(contracts.EditedCommentBody, {"body": request.text}).body
    entity = ctx.model.entity(request.entity)
    comments.refuse_disabled(entity)
    subject = Subject(entity, entity.key.text(entity.key.parse(request.record_id)))
    values = await comment_values(ctx, subject, body, None)

    async def run(write: WriteContext, _: AddRecord) -> Effected:
        written = await comments.add(write, entity, subject.key, values)
        return Effected(write.position, record_id=written.key, record=exact.loads(written.record_text))

    effect = AddRecord(COMMENTS, values, request.effect_key)
    effected = await effects.perform_once(ctx.write(request.effect_key), effect, run)
    record = named_entity(effected.record, entity.name)
    return Effected(effected.commit_position, effected.repeated, effected.record_id, record)


async def _respond(
    ctx: RequestContext, write: WriteContext, subject: Subject, written: Written | Stored, status: int = 200
) -> Response:
    [row] = await comment_rows(ctx, subject, [exact.loads(written.record_text)], {})
    headers = {**etag(written.version), **({"X-Commit": str(write.position)} if write.position else {})}
    return Response(status, exact.dumps({"data": row}), headers)
