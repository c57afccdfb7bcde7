"""Errors in responses: code, message and details. The text of an unexpected error is never sent."""

from __future__ import annotations

from typing import Any

import structlog

from libs.shared.bus.codec import pack
from libs.shared.errors import RocketError

log = structlog.get_logger()


def as_rocket_error(error: Exception, request: str) -> RocketError:
    """The error that is sent to a caller. An error other than RocketError or a timeout is logged."""
    if isinstance(error, RocketError):
        return error
    if isinstance(error, TimeoutError):
        return timed_out()
    log.error("rpc.request_failed", request=request, exc_info=error)
    return RocketError("INTERNAL_ERROR", "An internal error occurred")


def timed_out() -> RocketError:
    """The error for a request whose deadline has passed."""
    return RocketError("TIMEOUT", "The request took too long")


def encode_error(error: RocketError) -> bytes:
    """The payload of a response that refuses a request."""
    body: dict[str, Any] = {"code": error.code, "message": error.message, "details": error.details}
    return pack({"error": body, "h": error.headers})


def decode_error(head: dict[str, Any]) -> RocketError:
    """The error in the head of a response."""
    error = head["error"]
    return RocketError(error["code"], error["message"], error.get("details", ()), head.get("h"))
