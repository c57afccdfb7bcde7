"""Bodies about apps: new ones, what can be changed of them, versions of their definitions that are restored."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from libs.shared.contracts.bodies import Email, NewPassword, RequestBody, refusal
from libs.shared.origins import MAX_ORIGINS, is_origin

NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")


def _app_name(value: Any) -> str:
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise refusal("required", "must begin with a letter and hold a-z, 0-9, _ and - only, at most 63")
    return value


def _origin(text: str) -> str:
    if not is_origin(text):
        raise refusal("origin", "must be an origin such as https://app.example.com")
    return text


def _not_null(value: Any) -> Any:
    if value is None:
        raise refusal("list", "must be a list")
    return value


AppName = Annotated[str, BeforeValidator(_app_name), WithJsonSchema({"type": "string", "pattern": f"^{NAME.pattern}$"})]
Origin = Annotated[
    str, AfterValidator(_origin), WithJsonSchema({"type": "string", "pattern": r"^(https?://[a-z0-9.-]+|\*)$"})
]
Origins = Annotated[list[Origin], Field(max_length=MAX_ORIGINS)]


class FirstAdminBody(RequestBody):
    """The first admin of a new app; without a password they are invited."""

    email: Email
    password: NewPassword | None = None


class NewAppBody(RequestBody):
    """A new app: its name, where its database is made, which pages may call it, its first admin."""

    name: AppName
    display_name: str | None = None
    db_driver: Literal["postgres", "postgresql"] = "postgres"
    server: str | None = None
    cors_origins: Annotated[Origins, BeforeValidator(lambda origins: origins or [])] = Field([])
    admin: FirstAdminBody | None = None


class AppBody(RequestBody):
    """Another display name, other origins; what is left out stays."""

    display_name: Annotated[str, Field(min_length=1)] | None = None
    cors_origins: Annotated[Origins | None, BeforeValidator(_not_null)] = None


class RestoreBody(RequestBody):
    """The number of the version that is restored."""

    version: Annotated[int, Field(ge=1)]
