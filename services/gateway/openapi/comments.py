"""What the operations on the comments and the activity of a record take and answer: the same for all entities."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from libs.shared.contracts.activity import TYPES
from libs.shared.schema import Snapshot
from services.gateway.openapi.activity import TEXT_OR_NOT, TIME_OR_NOT, page_of, rows_of
from services.gateway.openapi.components import Schema
from services.gateway.openapi.shapes import FLAG, NUMBER, OBJECT, TEXT, TIME, UUID, gives, shaped
from services.gateway.openapi.visible_fields import VisibleEntity

PERSON = shaped(("id", "email"), id=UUID, email=TEXT)
COMMENT = shaped(
    ("id", "entity", "record_id", "user_id", "body", "parent_id", "mentions", "edited", "deleted", "reply_count",
     "created_at"),
    id=UUID, entity=TEXT, record_id=TEXT, user_id=TEXT, user_email=TEXT_OR_NOT, body=TEXT_OR_NOT,
    parent_id={"type": ["string", "null"], "format": "uuid"}, mentions=rows_of(PERSON), edited=FLAG, deleted=FLAG,
    reply_count=NUMBER, created_at=TIME, updated_at=TIME_OR_NOT,
)  # fmt: skip
COMMENT_VERSION = shaped(
    ("version", "action", "at", "changed"), version=NUMBER, action=TEXT, at=TIME, user=PERSON, changed=OBJECT,
    commit_id=UUID, trace_id=UUID,
)  # fmt: skip
READER = shaped(("id", "email", "name"), id=UUID, email=TEXT, name=TEXT)
ACTIVITY = shaped(
    ("id", "entity", "record_id", "type", "summary", "metadata", "created_at"),
    id=UUID, entity=TEXT, record_id=TEXT, type={"enum": list(TYPES)}, summary=TEXT, user_id=TEXT_OR_NOT,
    user_email=TEXT_OR_NOT, on_behalf_of=TEXT, cause=TEXT, metadata=OBJECT, created_at=TIME,
)  # fmt: skip
GONE = gives(shaped(("id",), id=UUID))
COMMENT_LIST = page_of(
    COMMENT, "parent_id", "cursor", "as_of", "min_commit",
    sort={"enum": ["created_at", "-created_at"]}, count={"enum": ["exact", "estimated", "none"]},
    direction={"enum": ["forward", "backward"]},
)  # fmt: skip
OPERATIONS: Mapping[str, Schema] = {
    "ListComments": COMMENT_LIST,
    "CreateComment": gives(COMMENT, 201),
    "GetComment": gives(COMMENT),
    "EditComment": gives(COMMENT),
    "DeleteComment": GONE,
    "CommentHistory": page_of(COMMENT_VERSION),
    "ListMentionable": gives(rows_of(READER)),
    "ListActivity": page_of(ACTIVITY, "type", "cursor"),
}
"""Contract → its parameters and answers."""


def needs(name: str) -> Callable[[VisibleEntity], bool]:
    """What an entity must be like for an operation: its records have comments."""
    return lambda entity: entity.definition.comments or name == "ListActivity"


def describing(name: str) -> Callable[[VisibleEntity, Snapshot], Schema]:
    """What says of an operation what it takes and answers."""
    return lambda entity, snapshot: OPERATIONS[name]
