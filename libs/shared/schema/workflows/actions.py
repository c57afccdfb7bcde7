"""The actions of a workflow's steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from libs.shared.schema.parts import Name, Part, Url
from libs.shared.schema.state_machines import CreateRecord, DeleteRecord, SendEvent, UpdateRecord, Words
from libs.shared.schema.validation_errors import error_at
from libs.shared.schema.webhooks import check_headers

MAX_COMMENT_CHARACTERS = 10_000
MAX_TO = 100
Status = Annotated[int, Field(ge=100, le=599)]


class SetFieldAction(Part):
    """Sets one field of a record; "now" is the current time, `record_id` a path or an id."""

    type: Literal["set_field"]
    entity: Name
    record_id: Name
    field: Name
    value: Any = None


class TransitionAction(Part):
    """Moves a record to another state, through its state machine."""

    type: Literal["transition"]
    entity: Name
    record_id: Name
    field: Name | None = None
    to: Name


class WebhookAction(Part):
    """A request to `url` with `body`, by default the context. With `wait` the step has the response as its output."""

    type: Literal["webhook"]
    url: Url
    method: Literal["POST", "PUT", "PATCH", "GET", "DELETE"] = "POST"
    headers: dict[str, str] = Field(default_factory=dict)
    body: Any = None
    wait: bool = False
    accept: Annotated[list[Status], Field(max_length=100)] = Field(default_factory=list)

    @field_validator("headers")
    @classmethod
    def _headers(cls, headers: dict[str, str]) -> dict[str, str]:
        check_headers(headers)
        return headers

    @model_validator(mode="after")
    def _fits(self) -> WebhookAction:
        if self.accept and not self.wait:
            raise error_at("accept", "goes with wait only")
        return self


class Recipient(Part):
    """Who is notified: exactly one of these."""

    user: Name | None = None
    email: Name | None = None
    role: Name | None = None
    path: Name | None = None
    initiator: Literal[True] | None = None

    @model_validator(mode="after")
    def _one(self) -> Recipient:
        if len(self.model_fields_set) != 1:
            raise ValueError(f"has exactly one of {', '.join(type(self).model_fields)}")
        return self


class NotifyAction(Part):
    """A notification by a channel, to recipients as in notification rules."""

    type: Literal["send_notification"]
    channel: Name
    template: str | Words
    to: Annotated[list[Recipient], Field(min_length=1, max_length=MAX_TO)]


class CommentAction(Part):
    """A comment on a record."""

    type: Literal["add_comment"]
    entity: Name
    record_id: Name
    body: Annotated[str, Field(min_length=1, max_length=MAX_COMMENT_CHARACTERS)]


Action = Annotated[
    SetFieldAction
    | CreateRecord
    | UpdateRecord
    | DeleteRecord
    | TransitionAction
    | WebhookAction
    | SendEvent
    | NotifyAction
    | CommentAction,
    Field(discriminator="type"),
]

TEMPLATES = ("value", "fields", "to", "url", "headers", "body", "payload", "template", "event", "channel")
"""Keys of actions whose texts are templates."""


def template_keys(action: Action) -> Iterator[str]:
    """The keys of an action whose texts are templates. Recipients name paths, not templates."""
    for key in TEMPLATES:
        if key in type(action).model_fields and not (key == "to" and isinstance(action, NotifyAction)):
            yield key
