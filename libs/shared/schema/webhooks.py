"""Webhooks: which changes are sent to which endpoint."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, ValidationInfo, field_validator, model_serializer
from pydantic_core.core_schema import SerializerFunctionWrapHandler

from libs.shared.expressions import ExpressionError, compile_expression
from libs.shared.schema.strict import Strict

HEADER_NAME = re.compile(r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+\Z")
FRAMING = {"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"}
"""Headers that say how a request lies on the wire: the sender's, never a definition's."""
MAX_ATTEMPTS = 100
MAX_FIELDS = 1_600
"""Fields that a payload is narrowed to: as many as an entity may have."""
DAY_S = 86_400.0


class _Sparse(Strict):
    """A part of a definition whose additions are kept only where they are given."""

    @model_serializer(mode="wrap")
    def _without_absent(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if value is not None}


class Retry(_Sparse):
    """How often and how fast a failed delivery is tried again.

    `delay` is the seconds until the first retry, `max_delay` the most between two; `jitter` is the share
    of the time by which it may be longer or shorter. Without them the service's settings hold.
    """

    max_attempts: int = Field(3, ge=1, le=MAX_ATTEMPTS)
    backoff: Literal["exponential", "linear"] = "exponential"
    delay: float | None = Field(None, ge=1, le=DAY_S)
    max_delay: float | None = Field(None, ge=1, le=DAY_S)
    jitter: float | None = Field(None, ge=0, le=1)


class WebhookDefinition(_Sparse):
    """A webhook as an operator describes it. Natural key: entity, hook, url.

    `condition` is an expression over record, old, changes, action, entity, event and user; "" is
    always. Header values may hold `{{env.NAME}}`. `timeout` (seconds) may shorten the service's.
    `ordered`: a record's later delivery waits for its earlier one. `on_failure` says what becomes of a
    write whose receiver (`async` false) can't be asked. `fields`: payloads have these of a record, and no others.
    """

    model_config = ConfigDict(serialize_by_alias=True)

    entity: str = Field(min_length=1)
    hook: Literal["after_write", "before_write", "after_delete", "before_delete"] = "after_write"
    url: str
    method: Literal["POST", "PUT", "PATCH", "GET", "DELETE"] = "POST"
    headers: dict[str, str] = Field(default_factory=dict)
    condition: str = ""
    is_async: bool = Field(True, alias="async")
    retry: Retry = Field(default_factory=Retry)
    active: bool = True
    timeout: float | None = Field(None, gt=0, le=60)
    ordered: bool | None = None
    on_failure: Literal["reject", "allow"] | None = None
    fields: list[str] | None = Field(None, min_length=1, max_length=MAX_FIELDS)

    @property
    def is_question(self) -> bool:
        """Whether its receiver is asked before the write, and may refuse it."""
        return self.active and not self.is_async

    @field_validator("headers", "condition", "retry", mode="before")
    @classmethod
    def _null_is_none_given(cls, value: Any, info: ValidationInfo) -> Any:
        if value is not None:
            return value
        return "" if info.field_name == "condition" else {}

    @field_validator("url")
    @classmethod
    def _url(cls, url: str) -> str:
        return check_url(url)

    @field_validator("headers")
    @classmethod
    def _headers(cls, headers: dict[str, str]) -> dict[str, str]:
        check_headers(headers)
        return headers

    @field_validator("condition")
    @classmethod
    def _condition(cls, condition: str) -> str:
        try:
            if condition.strip():
                compile_expression(condition)
        except ExpressionError as error:
            raise ValueError(str(error)) from None
        return condition

    @field_validator("is_async")
    @classmethod
    def _asynchronous(cls, is_async: bool, info: ValidationInfo) -> bool:
        hook = info.data.get("hook", "")
        if not is_async and hook.startswith("after_"):
            raise ValueError(f"must be true: {hook} fires after the commit")
        return is_async

    @field_validator("on_failure", "ordered")
    @classmethod
    def _fitting(cls, value: Any, info: ValidationInfo) -> Any:
        asked = info.data.get("is_async") is False
        if value is not None and asked != (info.field_name == "on_failure") and value is not False:
            raise ValueError("goes with async false only" if not asked else "goes with async true only")
        return value


def check_url(url: str) -> str:
    """The URL of an endpoint. Raises ValueError if it is none."""
    if not url.lower().startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        named = False
    if not named or any(ord(character) <= 0x20 for character in url):
        raise ValueError("must be a URL with a host")
    return url


def check_headers(headers: Mapping[str, str]) -> None:
    """Raises ValueError for headers that a definition can't set."""
    for name, value in headers.items():
        if not HEADER_NAME.match(name):
            raise ValueError(f"{name!r} is no header name")
        if name.lower() in FRAMING:
            raise ValueError(f"{name} is set by the sender")
        if any(character in value for character in "\r\n\0"):
            raise ValueError(f"the value of {name} must be one line")
