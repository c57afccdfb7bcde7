"""Bodies of the gateway's own endpoints: logins, the caller's account, users, invites, API keys, signing keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import AfterValidator, BeforeValidator, ConfigDict, FailFast, Field, WithJsonSchema, model_validator

from libs.shared.contracts.bodies import Email, Moment, NewPassword, Password, RequestBody, RequiredText, Roles, refusal

ACCESS_TOKEN_LIFETIME_S = 900
"""How long an access token is good."""
MAX_INVITES = 10_000
"""Addresses that can be invited with one request."""
MAX_SCOPES = 200
MAX_KEY_NAME_CHARACTERS = 100
MAX_LOGIN_CHARACTERS = 1000
AREAS = ("_files", "_events", "_workflows", "_notifications", "_views")
"""Routes that an API key can be narrowed to, besides those of entities."""
Action = Literal["read", "create", "update", "delete", "comment"]


def login_text(value: Any) -> str:
    """A text that is compared with what is stored; empty for a value that cannot be stored."""
    storable = isinstance(value, str) and len(value) <= MAX_LOGIN_CHARACTERS and "\x00" not in value
    return value if storable else ""


def _key_name(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise refusal("required", f"must have 1 to {MAX_KEY_NAME_CHARACTERS} printable characters")
    return value


def _scope_entity(name: str) -> str:
    if "\x00" in name or (name.startswith("_") and name not in AREAS):
        raise refusal("area", f"must be an entity, * for all, or one of {', '.join(AREAS)}")
    return name


def _in_order(actions: list[Action]) -> list[Action]:
    """Each action once, in the order in which they are stored."""
    return [action for action in get_args(Action) if action in actions]


def _documented_as_required(*names: str) -> Callable[[dict[str, Any]], None]:
    """Mark properties as required in the schema, which validation takes as wrong values if they are missing."""

    def amend(schema: dict[str, Any]) -> None:
        schema["required"] = list(names)
        for name in names:
            schema["properties"][name].pop("default", None)

    return amend


LoginText = Annotated[str, BeforeValidator(login_text)]
"""A text of a login. An unsuitable one is not told apart from a wrong one."""
CODE_DESCRIPTION = "A code of this moment, or a recovery code"
Code = Annotated[str, BeforeValidator(str), WithJsonSchema({"type": "string", "description": CODE_DESCRIPTION})]


class LoginBody(RequestBody):
    """An address and a password, and a code where there is a second factor."""

    model_config = ConfigDict(extra="ignore", json_schema_extra=_documented_as_required("email", "password"))

    email: LoginText = ""
    password: Annotated[LoginText, WithJsonSchema({"type": "string", "format": "password", "maxLength": 72})] = ""
    totp: Annotated[LoginText, WithJsonSchema({"type": "string", "description": CODE_DESCRIPTION})] = ""


class RefreshBody(RequestBody):
    """The refresh token of a session, to be exchanged or to end the session."""

    model_config = ConfigDict(extra="ignore", json_schema_extra=_documented_as_required("refresh_token"))

    refresh_token: LoginText = ""


class PasswordChangeBody(RequestBody):
    """The caller's present password, and the new one."""

    current_password: Password
    password: NewPassword


class PasswordBody(RequestBody):
    """The caller's password, as proof of who they are."""

    password: Password


class TotpConfirmBody(RequestBody):
    """A code of the secret that is being enrolled."""

    model_config = ConfigDict(json_schema_extra=_documented_as_required("totp"))

    totp: Annotated[Code, WithJsonSchema({"type": "string", "pattern": "^[0-9]{6}$"})] = ""


class TotpDisableBody(PasswordBody):
    """The caller's password, and a code where a second factor is confirmed."""

    totp: Code = ""


class ForgotPasswordBody(RequestBody):
    """The address of the account."""

    email: Email


class TokenPasswordBody(RequestBody):
    """The mailed token of an invite or a reset, and the password that the account gets."""

    token: RequiredText
    password: NewPassword


class NewUserBody(RequestBody):
    """A user."""

    email: Email
    password: NewPassword
    roles: Roles = Field([])
    active: bool = True


class UserBody(RequestBody):
    """A user anew; without `password` it stays as it is. A row as GET answers it can be sent back."""

    email: Email
    password: NewPassword | None = None
    roles: Roles = Field([])
    active: bool = True
    id: Any = Field(None, description="Not read")
    created_at: Any = Field(None, description="Not read")
    updated_at: Any = Field(None, description="Not read")


class InviteBody(RequestBody):
    """Who is invited, with which roles, and whether the invite is mailed."""

    email: Email
    roles: Roles = Field([])
    mail: bool = False


class InvitesBody(RequestBody):
    """Several addresses that are invited alike; each counts once."""

    emails: Annotated[
        list[Email],
        Field(min_length=1, max_length=MAX_INVITES),
        FailFast(),
        AfterValidator(lambda emails: list(dict.fromkeys(emails))),
    ]
    roles: Roles = Field([])
    mail: bool = False


class KeyScope(RequestBody):
    """What an API key may do with one entity, with all (`*`), or in an area."""

    entity: Annotated[str, Field(min_length=1, max_length=63), AfterValidator(_scope_entity)]
    actions: Annotated[list[Action], Field(min_length=1), AfterValidator(_in_order)]


class ApiKeyBody(RequestBody):
    """An API key: roles, scopes or both say what it may do."""

    name: Annotated[
        str,
        BeforeValidator(_key_name),
        Field(min_length=1, max_length=MAX_KEY_NAME_CHARACTERS),
        AfterValidator(str.strip),
    ]
    roles: Roles = Field([])
    scopes: Annotated[list[KeyScope], Field(min_length=1, max_length=MAX_SCOPES)] | None = None
    expires_at: Moment | None = None

    @model_validator(mode="after")
    def allows_something(self) -> Self:
        """Refuse a key that has neither roles nor scopes."""
        if not self.roles and self.scopes is None:
            raise refusal("required", "A key needs roles, scopes or both", "roles")
        return self


class KeyRotationBody(RequestBody):
    """Seconds for which tokens that former signing keys have signed stay good."""

    may_be_absent: ClassVar[bool] = True

    overlap: Annotated[int, Field(ge=0, le=ACCESS_TOKEN_LIFETIME_S)] = ACCESS_TOKEN_LIFETIME_S
