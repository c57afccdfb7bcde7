"""The one error type of all services: a code, a safe message and optional details.

The code decides the HTTP status, here and nowhere else. Messages and details are shown to callers, so they never hold
SQL, paths or secrets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Literal

import orjson

ErrorCode = Literal[
    "INVALID_REQUEST",
    "INVALID_PAYLOAD",
    "UNKNOWN_FIELD",
    "UNAUTHORIZED",
    "TOTP_REQUIRED",
    "PROVIDER_REFUSED",
    "FORBIDDEN",
    "USER_NOT_PROVISIONED",
    "NOT_FOUND",
    "UNKNOWN_ENTITY",
    "APP_NOT_FOUND",
    "METHOD_NOT_ALLOWED",
    "CONFLICT",
    "PRECONDITION_FAILED",
    "PAYLOAD_TOO_LARGE",
    "FILE_TOO_LARGE",
    "URI_TOO_LONG",
    "RANGE_NOT_SATISFIABLE",
    "VALIDATION_FAILED",
    "IDEMPOTENCY_KEY_REUSED",
    "INVALID_STATE",
    "PRECONDITION_REQUIRED",
    "RATE_LIMITED",
    "HEADERS_TOO_LARGE",
    "INTERNAL_ERROR",
    "SERVICE_UNAVAILABLE",
    "PROVIDER_UNAVAILABLE",
    "TIMEOUT",
]
"""Every code that a caller can meet (docs/reference). A typo in a code fails the type check."""

STATUS: Mapping[ErrorCode, int] = {
    "INVALID_REQUEST": 400,
    "INVALID_PAYLOAD": 400,
    "UNKNOWN_FIELD": 400,
    "UNAUTHORIZED": 401,
    "TOTP_REQUIRED": 401,
    "PROVIDER_REFUSED": 401,
    "FORBIDDEN": 403,
    "USER_NOT_PROVISIONED": 403,
    "NOT_FOUND": 404,
    "UNKNOWN_ENTITY": 404,
    "APP_NOT_FOUND": 404,
    "METHOD_NOT_ALLOWED": 405,
    "CONFLICT": 409,
    "PRECONDITION_FAILED": 412,
    "PAYLOAD_TOO_LARGE": 413,
    "FILE_TOO_LARGE": 413,
    "URI_TOO_LONG": 414,
    "RANGE_NOT_SATISFIABLE": 416,
    "VALIDATION_FAILED": 422,
    "IDEMPOTENCY_KEY_REUSED": 422,
    "INVALID_STATE": 422,
    "PRECONDITION_REQUIRED": 428,
    "RATE_LIMITED": 429,
    "HEADERS_TOO_LARGE": 431,
    "INTERNAL_ERROR": 500,
    "SERVICE_UNAVAILABLE": 503,
    "PROVIDER_UNAVAILABLE": 503,
    "TIMEOUT": 504,
}
"""Code → HTTP status."""

TRANSIENT: frozenset[ErrorCode] = frozenset({"SERVICE_UNAVAILABLE", "PROVIDER_UNAVAILABLE", "TIMEOUT", "RATE_LIMITED"})
"""Codes that are not about the request itself: the same request may succeed later."""

Detail = dict[str, Any]

MAX_DETAILS = 100
"""The largest number of details in an error, so that an error stays small for any request."""
MAX_TEXT_CHARACTERS = 1000
"""Characters of a message or another text in an error."""


PREDICATES = ("must ", "is ", "may ", "has ", "can't ", "refers ", "needs ", "stands ")
"""The beginnings of messages without a subject."""


class RocketError(Exception):
    """A refusal or failure with a stable `code`, a safe `message` and a list of `details`.

    `headers` are added to the HTTP answer (for instance the ETag of a 412). `status` is for the gateway's
    own refusals where the contract has another than the code's; it does not travel over NATS.
    """

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        details: Iterable[Detail] = (),
        headers: Mapping[str, str] | None = None,
        *,
        status: int | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code: ErrorCode = code
        self.message = message[:MAX_TEXT_CHARACTERS]
        self.details = [_shortened(detail) for detail in islice(details, MAX_DETAILS)]
        self.headers = dict(headers or {})
        self._status = status

    @property
    def status(self) -> int:
        return self._status or STATUS.get(self.code, 500)

    @property
    def transient(self) -> bool:
        """Whether repeating the same request later can help."""
        return self.code in TRANSIENT

    def envelope(self) -> bytes:
        """The body of an error response: `{"error": {"code", "message", "details"?}}` as JSON."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.details:
            error["details"] = self.details
        return orjson.dumps({"error": error})


def _shortened(detail: Detail) -> Detail:
    return {key: value[:MAX_TEXT_CHARACTERS] if isinstance(value, str) else value for key, value in detail.items()}


def invalid(message: str, *details: Detail) -> RocketError:
    """422: the request is understood and refused; `details` name the fields."""
    return RocketError("VALIDATION_FAILED", message, details)


def invalid_field(field: str, message: str, rule: str | None = None) -> RocketError:
    """422 about exactly one field; the message names it, the detail's does so by `field` alone."""
    return RocketError("VALIDATION_FAILED", message, [detail_of(field, message, rule)])


def detail_of(field: str, message: str, rule: str | None = None) -> Detail:
    """A detail about a field, whose message does not repeat the field's name."""
    detail: Detail = {"field": field, "message": without_name(field, message)}
    if rule:
        detail["rule"] = rule
    return detail


def without_name(field: str, message: str) -> str:
    """A message about a field (a name or a path) without that name at its beginning."""
    for name in (field, field.rpartition(".")[2]):
        for head in (f"{name}: ", f"{name} "):
            if name and message.startswith(head):
                return message.removeprefix(head)
    return message


def summary(detail: Detail) -> str:
    """The message of a refusal that a detail is the first of: with the field where the detail's leaves it out."""
    message, field = str(detail["message"]), detail.get("field")
    return f"{field} {message}" if field and message.startswith(PREDICATES) else message


def sentence(field: str, message: str) -> str:
    """The other way round: a message that names the field, once."""
    return f"{field}: {without_name(field, message)}" if field else message


def not_found(what: str) -> RocketError:
    """404 for a record, definition, file, instance or log entry."""
    return RocketError("NOT_FOUND", f"{what} not found")


def unavailable(service: str) -> RocketError:
    """503 naming the part of the system that is unavailable."""
    return RocketError("SERVICE_UNAVAILABLE", f"{service} is not available, try again shortly")
