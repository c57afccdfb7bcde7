"""The base of request bodies, and the values that many of them have.

A body is one model: it is the validation, the error paths and the OpenAPI schema, and each limit stands in it once.
`libs.shared.bodies.parse_body` reads one. Bodies of records have no model: only the data service knows their fields.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from libs.shared.emails import MAX_EMAIL_CHARACTERS, same_address

MAX_PASSWORD_BYTES = 72
"""bcrypt reads no further."""
MAX_ROLES = 100
MAX_ROLE_CHARACTERS = 100
"""Roles stand in every token, and so in every request."""
EMAIL = re.compile(r"[^@\s\x00]+@[^@\s\x00]+")


class RequestBody(BaseModel):
    """A JSON object that a caller sends. Unknown keys and values of another type are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    may_be_absent: ClassVar[bool] = False
    """Whether an empty body means the same as `{}`."""


def refusal(rule: str, message: str, field: str = "") -> PydanticCustomError:
    """An error for a validator to raise: `rule` and `message` of the detail, `field` below what is validated."""
    return PydanticCustomError(rule, "{what}", {"what": message, "where": field})


def no_nul(text: str) -> str:
    """The text, which must not hold the character NUL: PostgreSQL stores none."""
    if "\x00" in text:
        raise refusal("character", "must not hold the character NUL")
    return text


def required_text(value: Any) -> str:
    """A text that is there and not empty."""
    if not isinstance(value, str) or not value:
        raise refusal("required", "is required")
    return value


def email_address(value: Any) -> str:
    """A mail address in the form in which addresses are compared."""
    if (
        isinstance(value, str)
        and len(value) <= MAX_EMAIL_CHARACTERS
        and EMAIL.fullmatch(address := same_address(value))
    ):
        return address
    raise refusal("required", "must be a mail address")


def new_password(value: Any) -> str:
    """A password that can be hashed. The gateway's settings may ask for more characters."""
    password = no_nul(required_text(value))
    if len(password.encode()) > MAX_PASSWORD_BYTES:
        raise refusal("max_length", f"must have at most {MAX_PASSWORD_BYTES} bytes")
    return password


def moment(value: Any) -> datetime:
    """A time with an offset."""
    try:
        parsed = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        parsed = None
    if parsed is None or parsed.tzinfo is None:
        raise refusal("time", "must be a time with an offset")
    return parsed


Text = Annotated[str, AfterValidator(no_nul)]
Moment = Annotated[datetime, BeforeValidator(moment), WithJsonSchema({"type": "string", "format": "date-time"})]
RequiredText = Annotated[str, BeforeValidator(required_text), Field(min_length=1)]
Email = Annotated[
    str,
    BeforeValidator(email_address),
    WithJsonSchema({"type": "string", "maxLength": MAX_EMAIL_CHARACTERS, "pattern": r"^[^@\s]+@[^@\s]+$"}),
]
PASSWORD_SCHEMA = {"type": "string", "format": "password", "minLength": 1, "maxLength": MAX_PASSWORD_BYTES}
NewPassword = Annotated[str, BeforeValidator(new_password), WithJsonSchema(PASSWORD_SCHEMA)]
Password = Annotated[str, BeforeValidator(required_text), WithJsonSchema(PASSWORD_SCHEMA)]
"""A password that is compared with the present one."""
Roles = Annotated[
    list[Annotated[str, Field(max_length=MAX_ROLE_CHARACTERS), AfterValidator(no_nul)]], Field(max_length=MAX_ROLES)
]
