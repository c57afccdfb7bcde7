"""What callers may send: pure."""

from __future__ import annotations

from typing import Any

from libs.shared import exact
from libs.shared.bodies import read_json
from libs.shared.errors import invalid, invalid_field
from libs.shared.schema.validation_errors import refuse_unknown

LONGEST = 500
"""Characters of an action, an entity, a record's id."""
MAX_METADATA = 64 * 1024
"""Bytes of JSON."""


def business_event(body: bytes) -> dict[str, Any]:
    """`{action, entity?, record_id?, metadata?}`, checked. Raises INVALID_PAYLOAD and VALIDATION_FAILED."""
    value = read_json(body)
    if not isinstance(value, dict):
        raise invalid("The body must be an object")
    refuse_unknown(value, ("action", "entity", "record_id", "metadata"))
    if not value.get("action"):
        raise invalid_field("action", "action is required", "required")
    for name in ("action", "entity", "record_id"):
        _check_text(name, value.get(name))
    _check_metadata(value.get("metadata"))
    return value


def _check_text(name: str, value: Any) -> None:
    if name == "record_id" and isinstance(value, int) and not isinstance(value, bool):
        return
    if value is not None and (not isinstance(value, str) or len(value) > LONGEST or "\x00" in value):
        raise invalid_field(name, f"{name} must be a text of at most {LONGEST} characters")


def _check_metadata(metadata: Any) -> None:
    if metadata is None:
        return
    if not isinstance(metadata, dict):
        raise invalid_field("metadata", "metadata must be an object")
    text = exact.dumps(metadata)
    if len(text) > MAX_METADATA:
        raise invalid_field("metadata", f"metadata must have at most {MAX_METADATA} bytes")
    if b"\\u0000" in text:
        raise invalid_field("metadata", "metadata must not hold the character NUL")
