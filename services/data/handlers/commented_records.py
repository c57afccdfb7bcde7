"""The record that comments are about, and its comments, as their endpoints need them.

Comments are read as records of their entity are, with the server's authority, once it is known that the caller may read
the record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from libs.shared import exact
from libs.shared.contracts.context import SYSTEM
from libs.shared.contracts.identity import FindNamed
from libs.shared.contracts.records import AggregateRecords, GetRecord, Pairs
from libs.shared.errors import RocketError, invalid_field, not_found
from libs.shared.ids import parse_uuid
from libs.shared.schema.comments import COMMENTS
from services.data.comments.mentions import Mention, ids_of, mentions_of, names_in, readers_among
from services.data.comments.views import comment_row
from services.data.handlers.record_reads import aggregate_records, get_record
from services.data.model import EntityModel, KeyValue
from services.data.permissions import granted
from services.data.query.scope import refused
from services.data.query.statements import now_statement
from services.data.request.context import RequestContext
from services.data.request.execution import read
from services.data.writes.requests.comments import refuse_disabled

Comment = dict[str, Any]


class OfRecord(Protocol):
    """A request about the comments on a record."""

    @property
    def entity(self) -> str: ...
    @property
    def id(self) -> str: ...


class Subject:
    """A record that the caller may read, and its entity."""

    def __init__(self, entity: EntityModel, text: str) -> None:
        self.entity = entity
        self.text = text

    @property
    def key(self) -> KeyValue:
        return self.entity.key.parse(self.text)

    def has(self, comment: Mapping[str, Any]) -> bool:
        """Whether a comment is about it."""
        return (comment["entity"], comment["record_id"]) == (self.entity.number, self.text)

    def filters(self, **others: str) -> Pairs:
        """The query of the list of its comments."""
        own = {"entity": str(self.entity.number), "record_id": self.text, **others}
        return [(f"filter[{name}]", value) for name, value in own.items()]


async def subject_of(ctx: RequestContext, request: OfRecord, query: Mapping[str, str] | None = None) -> Subject:
    """The record of the URL. Raises what reading it raises, and NOT_FOUND where its entity has no comments."""
    refuse_disabled(ctx.model.entity(request.entity))
    return await readable_record(ctx, request, query)


async def readable_record(ctx: RequestContext, request: OfRecord, query: Mapping[str, str] | None = None) -> Subject:
    """The record of the URL. Raises what reading it raises."""
    entity = ctx.model.entity(request.entity)
    moments = [(name, query[name]) for name in ("as_of", "min_commit") if query and name in query]
    asked = GetRecord(entity.name, request.id, [("fields", ",".join(entity.key.names)), *moments])
    record = exact.loads((await get_record(ctx.state, ctx.context, asked)).body)["data"]
    return Subject(entity, str(entity.key.json_value(record)))


async def find_comment(
    ctx: RequestContext, subject: Subject, comment_id: str, query: Sequence[tuple[str, str]] = ()
) -> tuple[Comment, int]:
    """A comment on the record, and its version. Raises NOT_FOUND."""
    moments = [(name, value) for name, value in query if name in ("as_of", "min_commit")]
    if parse_uuid(comment_id) is None:
        raise not_found("Comment")
    try:
        asked = GetRecord(COMMENTS, comment_id, moments)
        response = await get_record(ctx.state, ctx.context.for_user(SYSTEM), asked)
    except RocketError as refusal:
        raise not_found("Comment") if refusal.code == "NOT_FOUND" else refusal from None
    comment = exact.loads(response.body)["data"]
    if not subject.has(comment):
        raise not_found("Comment")
    tag = response.headers["ETag"].strip('"')
    return comment, int(tag.partition("-")[0])


async def comment_rows(
    ctx: RequestContext, subject: Subject, found: Sequence[Comment], query: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Comments as answers show them, each with the number of its replies at the moment asked for."""
    counts: dict[str, int] = {}
    if found:
        filters = subject.filters(**{"parent_id.in": ",".join(comment["id"] for comment in found)})
        moment = [("as_of", query["as_of"])] if "as_of" in query else []
        pairs = [*filters, ("count", "*"), ("group_by", "parent_id"), ("per_page", "100"), *moment]
        asked = AggregateRecords(COMMENTS, pairs)
        response = await aggregate_records(ctx.state, ctx.context.for_user(SYSTEM), asked)
        counts = {group["parent_id"]: group["count"] for group in exact.loads(response.body)["data"]}
    return [comment_row(comment, subject.entity.name, counts.get(comment["id"], 0)) for comment in found]


def filters_above(subject: Subject, parent_id: str | None) -> Pairs:
    """The filters for all comments, for replies to one, or for those that are no replies."""
    if parent_id is None:
        return subject.filters()
    if parent_id == "null":
        return subject.filters(**{"parent_id.is_null": "true"})
    if parse_uuid(parent_id) is None:
        raise refused("parent_id", "must be the id of a comment, or null")
    return subject.filters(parent_id=parent_id)


async def check_parent(ctx: RequestContext, subject: Subject, parent_id: str) -> None:
    """Raises VALIDATION_FAILED unless it is a comment on the same record that has not been deleted."""
    try:
        parent, _ = await find_comment(ctx, subject, parent_id)
    except RocketError as refusal:
        if refusal.code != "NOT_FOUND":
            raise
        raise invalid_field("parent_id", "parent_id is no comment on this record", "reference") from None
    if parent["deleted"]:
        raise invalid_field("parent_id", "parent_id is a deleted comment", "reference")


async def refuse_silent(ctx: RequestContext, subject: Subject) -> None:
    """Raises FORBIDDEN for those who may only read comments."""
    entity, caller = subject.entity, ctx.caller
    if caller.scopes is not None and not caller.allows(entity.name, "comment"):
        raise RocketError("FORBIDDEN", f"This API key may not comment on {entity.name}")
    if not any(policy.action == "comment" for policy in entity.policies):
        return
    grant = granted(entity, "comment", caller)
    if grant is None or not grant.covers(await record_now(ctx, subject)):
        raise RocketError("FORBIDDEN", f"You may not comment on this {entity.name}")


async def record_now(ctx: RequestContext, subject: Subject) -> dict[str, Any]:
    row = await read(ctx, now_statement(subject.entity, subject.key))
    if row["record"] is None or not row["live"]:
        raise not_found("Record")
    record: dict[str, Any] = exact.loads(row["record"])
    return record


async def comment_values(ctx: RequestContext, subject: Subject, body: str, parent_id: str | None) -> dict[str, Any]:
    """What is stored of a new comment."""
    mentions = await mentioned_readers(ctx, subject, body)
    user = ctx.context.user
    return {
        "entity": subject.entity.number, "record_id": subject.text, "parent_id": parent_id, "user_id": user.id,
        "user_email": user.email, "body": body, "mentions": mentions, "notified": ids_of(mentions),
    }  # fmt: skip


async def mentioned_readers(ctx: RequestContext, subject: Subject, body: str) -> list[Mention]:
    """Those readers of the record whom a text mentions."""
    names = names_in(body)
    if not names:
        return []
    found = await ctx.state.core.rpc.request(FindNamed(names), ctx.context)
    people = [(*pair, roles) for pair, roles in zip(found.people, found.roles, strict=True)]
    return mentions_of(names, readers_among(subject.entity, await record_now(ctx, subject), people))
