"""Comments on records: what the data service answers. They are records of a built-in entity (schema/comments.py)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field

from libs.shared.contracts.bodies import RequestBody, no_nul, refusal, required_text
from libs.shared.contracts.effects import Effected
from libs.shared.contracts.messages import Request, Response, Writes
from libs.shared.contracts.records import MOMENTS, Pairs
from libs.shared.parameters import PAGES, taking

MAX_BODY_CHARACTERS = 10_000


def _says_something(text: str) -> str:
    if not text.strip():
        raise refusal("required", "is required")
    return text


CommentText = Annotated[
    str,
    BeforeValidator(required_text),
    Field(min_length=1, max_length=MAX_BODY_CHARACTERS),
    AfterValidator(no_nul),
    AfterValidator(_says_something),
]
"""Markdown."""


class CommentBody(RequestBody):
    """A new comment, or a reply to the comment `parent_id`."""

    body: CommentText
    parent_id: str | None = None


class EditedCommentBody(RequestBody):
    """The new text of a comment."""

    body: CommentText


@dataclass(frozen=True, slots=True)
class ListComments(Request[Response]):
    """The comments on a record, oldest first; with `parent_id` the replies to one, `null` is those that are none."""

    service, name = "data", "comments.list"
    parameters = taking("parent_id", "sort", "cursor", "direction", "count", *PAGES, *MOMENTS)
    entity: str
    id: str
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CreateComment(Request[Response]):
    """A comment on a record, for those who may read it; who is mentioned in it is notified."""

    service, name = "data", "comments.create"
    writes, body_model = Writes.APP, CommentBody
    entity: str
    id: str
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class GetComment(Request[Response]):
    """One comment, with its version as ETag."""

    service, name = "data", "comments.get"
    parameters = taking(*MOMENTS)
    entity: str
    id: str
    comment_id: str
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class EditComment(Request[Response]):
    """Another text for one's own comment."""

    service, name = "data", "comments.edit"
    writes, body_model = Writes.APP, EditedCommentBody
    entity: str
    id: str
    comment_id: str
    if_match: str = ""
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class DeleteComment(Request[Response]):
    """Removal of one's own comment, by admins of any. One with replies stays, without its text."""

    service, name = "data", "comments.delete"
    writes = Writes.APP
    entity: str
    id: str
    comment_id: str
    if_match: str = ""


@dataclass(frozen=True, slots=True)
class CommentHistory(Request[Response]):
    """The versions of a comment, newest first; of a deleted one for admins only."""

    service, name = "data", "comments.history"
    parameters = taking(*PAGES, *MOMENTS)
    entity: str
    id: str
    comment_id: str
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ListMentionable(Request[Response]):
    """Users who may be mentioned on a record, as they may read it; `q` is how their address begins."""

    service, name = "data", "comments.mentionable"
    parameters = taking("q")
    entity: str
    id: str
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class AddComment(Request[Effected]):
    """A comment by the caller's user, with a definition's authority: `add_comment` of workflows, once per effect key.

    No permission is asked about; those are mentioned who may read the record. Raises VALIDATION_FAILED for a text that
    no comment can have, NOT_FOUND.
    """

    service, name, reply = "data", "effects.comment", Effected
    by_services = True
    values_in_head: ClassVar[bool] = True
    entity: str
    record_id: str
    text: str
    effect_key: str
