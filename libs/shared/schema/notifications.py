"""Notification rules: what people are told of, to whom, by which channel and with which text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_serializer, model_validator
from pydantic_core.core_schema import SerializerFunctionWrapHandler

from libs.shared.expressions import ExpressionError, compile_expression
from libs.shared.ids import parse_uuid
from libs.shared.nearest import unknown
from libs.shared.schema.strict import Strict, is_stored
from libs.shared.schema.validation_errors import error_at

RECIPIENT_KINDS = ("user", "email", "role", "path", "initiator", "mentioned")
FLAGS = ("initiator", "mentioned")
"""Kinds of recipients that are true or absent."""
SOURCES = ("entity", "event", "workflow")
MAX_RECIPIENTS = 100
MAX_TEMPLATE_CHARACTERS = 100_000

Hook = Literal["after_create", "after_update", "after_write", "after_delete"]
WorkflowOccasion = Literal[
    "approval_requested", "reminder", "escalated", "decided", "approved", "rejected", "timed_out", "completed",
    "failed", "cancelled",
]  # fmt: skip
Name = Annotated[str, Field(min_length=1, max_length=200)]


class Template(Strict):
    """Plain text with `{{ path }}` placeholders over record, old, action, entity, user and app."""

    subject: str = Field("", max_length=1_000)
    body: str = Field(max_length=MAX_TEMPLATE_CHARACTERS)


class NotificationRule(Strict):
    """A rule as an operator describes it. Natural key: name.

    It tells of changes of an `entity` (`hook` says which), of a business `event`, or of what happens to instances of a
    `workflow` (`on` says what; `*` are all workflows). `template` is inline, or the name of a notification template.
    Each recipient has exactly one key: `user` (id or address), `email` (address), `role`, `path` (to an address or a
    user's id in the record, for instance `record.owner`), `initiator` or `mentioned` (true). Who has caused what a rule
    tells of is not told, unless `tell_actor`.
    """

    name: Name
    entity: str | None = Field(None, min_length=1)
    event: str | None = Field(None, min_length=1, max_length=200)
    workflow: str | None = Field(None, min_length=1, max_length=200)
    hook: Hook | None = None
    on: WorkflowOccasion | None = None
    condition: str = ""
    channel: Name
    template: Template | Name
    recipients: list[dict[str, str | bool]] = Field(min_length=1, max_length=MAX_RECIPIENTS)
    tell_actor: bool = False
    active: bool = True

    @model_validator(mode="before")
    @classmethod
    def _as_it_was(cls, document: Any, info: ValidationInfo) -> Any:
        # Rules of older versions told everybody.
        if is_stored(info) and isinstance(document, Mapping) and "tell_actor" not in document:
            return {**document, "tell_actor": True}
        return document

    @model_serializer(mode="wrap")
    def _without_absent(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        absent = {*SOURCES, "hook", "on"}
        return {name: value for name, value in handler(self).items() if value is not None or name not in absent}

    @model_validator(mode="after")
    def _one_source(self) -> NotificationRule:
        given = [name for name in SOURCES if getattr(self, name) is not None]
        if len(given) != 1:
            raise error_at(given[1] if given else "entity", f"a rule has exactly one of {', '.join(SOURCES)}")
        for key, source in (("hook", "entity"), ("on", "workflow")):
            if (getattr(self, key) is None) == (given == [source]):
                raise error_at(key, f"is required with {source}" if given == [source] else f"goes with {source} only")
        return self

    @property
    def named_template(self) -> str | None:
        """The name of its template, unless the text is inline."""
        return self.template if isinstance(self.template, str) else None

    @field_validator("condition", mode="before")
    @classmethod
    def _null_is_none_given(cls, condition: Any) -> Any:
        return "" if condition is None else condition

    @field_validator("condition")
    @classmethod
    def _condition(cls, condition: str) -> str:
        try:
            if condition.strip():
                compile_expression(condition)
        except ExpressionError as error:
            raise ValueError(str(error)) from None
        return condition

    @field_validator("recipients")
    @classmethod
    def _recipients(cls, recipients: list[dict[str, str | bool]]) -> list[dict[str, str | bool]]:
        for number, recipient in enumerate(recipients):
            for key in recipient:
                if key not in RECIPIENT_KINDS:
                    raise error_at(f"{number}.{key}", unknown(key, RECIPIENT_KINDS))
            if len(recipient) != 1:
                raise error_at(str(number), f"each recipient has exactly one of {', '.join(RECIPIENT_KINDS)}")
            _check_recipient(*next(iter(recipient.items())))
        return recipients


def _check_recipient(kind: str, value: str | bool) -> None:
    if kind in FLAGS:
        if value is not True:
            raise ValueError(f"{kind} must be true")
        return
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{kind} must not be empty")
    if kind == "email" and "@" not in value:
        raise ValueError("email must be an address")
    if kind == "user" and "@" not in value and parse_uuid(value) is None:
        raise ValueError("user must be the id or the address of a user")
