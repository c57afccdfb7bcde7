"""The wire format of messages: one line of JSON (the head), then raw bytes (the body).

orjson never writes a raw newline, so the first one ends the head. Bodies (records as JSON, files of
rows) pass through every hop without being parsed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import orjson

from libs.shared import exact
from libs.shared.contracts.messages import has_body, head_fields, holds_values

M = TypeVar("M")


def pack(head: Any, body: bytes = b"") -> bytes:
    """Head and body as one payload."""
    return exact.dumps(head) + b"\n" + body if body else exact.dumps(head)


def unpack(payload: bytes, kind: type[Any] | None = None) -> tuple[Any, bytes]:
    """Head and body of a payload. Raises ValueError when the head is no JSON.

    The numbers of heads are seconds and counts, except those of a `kind` whose head holds values of records.
    """
    head, _, body = payload.partition(b"\n")
    return (exact.loads if holds_values(kind) else orjson.loads)(head), body


def encode(message: Any) -> tuple[dict[str, Any], bytes]:
    """The head and body of a contract's instance."""
    kind = type(message)
    head = {name: getattr(message, name) for name in head_fields(kind)}
    return head, message.body if has_body(kind) else b""


def decode(kind: type[M], head: dict[str, Any], body: bytes) -> M:
    """The instance of `kind` with this head and body. Raises TypeError for unknown fields."""
    make: Callable[..., M] = kind
    return make(**head, body=body) if has_body(kind) else make(**head)
