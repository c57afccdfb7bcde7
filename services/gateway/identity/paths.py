"""Ids in paths."""

from __future__ import annotations

import uuid

from libs.shared.errors import not_found
from libs.shared.ids import parse_uuid


def parse_id(text: str, what: str) -> uuid.UUID:
    """Parse a path id. Raises NOT_FOUND if it is not a UUID; `what` it should be the id of."""
    parsed = parse_uuid(text)
    if parsed is None:
        raise not_found(what)
    return parsed
