"""The built-in entity of comments: in every app, under a name and a number that no definition can have.

Comments are records: the log, history, undo, `as_of`, webhooks and verification know them as they know any other. No
route addresses them by their entity; whoever may read a record reads its comments beneath it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from libs.shared.schema.entities import EntityDefinition
from libs.shared.schema.fields import FieldDefinition
from libs.shared.schema.relations import Relation

COMMENTS = "_comments"
"""The name in events, webhooks and the audit log, and of the table."""
COMMENTS_NUMBER = 0
"""The number in the log: definitions are numbered from 1."""
FIELDS: Sequence[Mapping[str, Any]] = (
    {"name": "id", "type": "uuid"},
    # The entity by its number, which outlives its names; events and answers have the name.
    {"name": "entity", "type": "int", "required": True},
    {"name": "record_id", "type": "text", "required": True},
    {"name": "parent_id", "type": "uuid"},
    {"name": "user_id", "type": "text", "required": True},
    {"name": "user_email", "type": "text"},
    {"name": "body", "type": "text"},
    {"name": "mentions", "type": "json"},
    # The ids of all whom any version of it has mentioned: they are notified once.
    {"name": "notified", "type": "json"},
    {"name": "edited", "type": "boolean", "default": False},
    {"name": "deleted", "type": "boolean", "default": False},
    {"name": "created_at", "type": "timestamp", "auto": "create"},
    {"name": "updated_at", "type": "timestamp", "auto": "update"},
)
"""Their ids in the log are their places from 1; new ones are appended."""
FIELD_IDS: Mapping[str, int] = {field["name"]: number for number, field in enumerate(FIELDS, 1)}

COMMENT_DEFINITION = EntityDefinition.model_validate(
    {
        "name": "comments", "table": "comments", "soft_delete": True,
        "primary_key": {"field": "id", "type": "uuid", "generated": True}, "fields": FIELDS,
    }
).model_copy(update={"name": COMMENTS, "table": COMMENTS})  # fmt: skip
"""No operator can define an entity of this name, so it is given after validation."""
TOLD_DEFINITION = COMMENT_DEFINITION.model_copy(
    update={"fields": [FieldDefinition(name="entity", type="string"), *(
        field for field in COMMENT_DEFINITION.fields if field.name != "entity"
    )]}
)  # fmt: skip
"""Comments as events and webhooks tell of them: with the name of the entity."""
REPLIES = Relation(0, "replies", "one_to_many", COMMENTS, COMMENTS, "id", "parent_id", "restrict", False, "diff")
"""A reply refers to the comment that it answers, which must be there."""


def named_entity(record: Mapping[str, Any] | None, title: str) -> dict[str, Any] | None:
    """A comment with the name of its record's entity in place of the number."""
    return None if record is None else {**record, "entity": title}
