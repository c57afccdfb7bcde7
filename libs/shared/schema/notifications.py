"""Notification rules: which changes cause notifications, to whom and with which text."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from libs.shared.expressions import ExpressionError, compile_expression
from libs.shared.ids import parse_uuid
from libs.shared.nearest import unknown
from libs.shared.schema.strict import Strict
from libs.shared.schema.validation_errors import error_at

RECIPIENT_KINDS = ("user", "email", "role", "path")
MAX_RECIPIENTS = 100
MAX_TEMPLATE_CHARACTERS = 100_000


class Template(Strict):
    """Plain text with `{{ path }}` placeholders over record, old, action, entity, user and app."""

    subject: str = Field("", max_length=1_000)
    body: str = Field(max_length=MAX_TEMPLATE_CHARACTERS)


class NotificationRule(Strict):
    """A rule as an operator describes it. Natural key: name.

    Each recipient has exactly one key: `user` (id or address), `email` (address), `role`, or `path`
    (to an address or a user's id in the record, for instance `record.owner`).
    """

    name: str = Field(min_length=1, max_length=200)
    entity: str = Field(min_length=1)
    hook: Literal["after_create", "after_update", "after_write", "after_delete"]
    condition: str = ""
    channel: Literal["email", "in_app"]
    template: Template
    recipients: list[dict[str, str]] = Field(min_length=1, max_length=MAX_RECIPIENTS)
    active: bool = True

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
    def _recipients(cls, recipients: list[dict[str, str]]) -> list[dict[str, str]]:
        for number, recipient in enumerate(recipients):
            for key in recipient:
                if key not in RECIPIENT_KINDS:
                    raise error_at(f"{number}.{key}", unknown(key, RECIPIENT_KINDS))
            if len(recipient) != 1:
                raise error_at(str(number), f"each recipient has exactly one of {', '.join(RECIPIENT_KINDS)}")
            _check_recipient(*next(iter(recipient.items())))
        return recipients


def _check_recipient(kind: str, value: str) -> None:
    if not value.strip():
        raise ValueError(f"{kind} must not be empty")
    if kind == "email" and "@" not in value:
        raise ValueError("email must be an address")
    if kind == "user" and "@" not in value and parse_uuid(value) is None:
        raise ValueError("user must be the id or the address of a user")
