"""Cursors: the place after a row in a sorted list, as an opaque text.

A cursor holds the row's sort values and key, so it stays valid when rows are added or removed. It also holds a
fingerprint of filters and order, as it means nothing for others. A cursor from an empty page begins with INCLUSIVE: it
leads back to the row at its place, too.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from libs.shared.errors import RocketError
from libs.shared.schema import BadValue, FieldDefinition, parse_text
from services.data.model import EntityModel
from services.data.query.scope import Scope, refused
from services.data.query.shapes import After, Sort

HOLDS_FOR = ("q", "deleted", "as_of")
"""Parameters that change which records match, besides filters and sort."""
INCLUSIVE = "="
"""What stands before the fingerprint in a cursor that includes the row at its place."""
MAX_CURSOR_CHARACTERS = 4096
"""Characters; longer sort values can't be paged by cursor, as no URL would take them."""


def fingerprint_of(entity: EntityModel, sort: Sort, pairs: Sequence[tuple[str, str]]) -> str:
    """A short digest of filters and order."""
    asked = sorted(pair for pair in pairs if pair[0].startswith("filter[") or pair[0] in HOLDS_FOR)
    return hashlib.blake2b(repr((entity.number, sort, asked)).encode(), digest_size=6).hexdigest()


def parse_cursor(
    scope: Scope, entity: EntityModel, sort: Sort, text: str, fingerprint: str, backward: bool = False
) -> After:
    """The place that a cursor names; "" is the beginning, or backward the end. Raises INVALID_PAYLOAD."""
    if not text:
        return After((), backward)
    fields = ordering(entity, sort)
    mark, *values = _opened(text)
    inclusive = mark == INCLUSIVE + fingerprint
    if not (inclusive or mark == fingerprint) or len(values) != len(fields) or None in values[len(sort) :]:
        raise refused("cursor", "belongs to another list")
    slots = tuple(_slot(scope, field, value) for field, value in zip(fields, values, strict=True))
    return After(slots, backward, inclusive)


def write_cursor(fingerprint: str, values: Sequence[str | None]) -> str:
    """The cursor of a row's sort values. Raises INVALID_PAYLOAD if they are too long for one."""
    text = _written(fingerprint, values)
    if len(text) > MAX_CURSOR_CHARACTERS:
        raise RocketError("INVALID_PAYLOAD", "The values of the sort fields are too long for a cursor")
    return text


def neighbours(fingerprint: str, cursor: str, after: After, edges: Mapping[str, Any]) -> dict[str, str | None]:
    """The cursors of the pages after and before a page that `cursor` led to. `edges` are those of its rows.

    Raises INVALID_PAYLOAD if the values of the last row are too long for one.
    """
    onward = write_cursor(fingerprint, orjson.loads(edges["farthest"])) if edges["more"] else None
    back = _back(fingerprint, cursor, after, edges["nearest"]) if cursor else None
    next_cursor, prev_cursor = (back, onward) if after.backward else (onward, back)
    return {"next_cursor": next_cursor, "prev_cursor": prev_cursor}


def _back(fingerprint: str, cursor: str, after: After, nearest: str | None) -> str:
    """The cursor that leads back from a page: from its first row, or from the place that led to it."""
    text = _written(fingerprint, orjson.loads(nearest)) if nearest else cursor
    if nearest and len(text) <= MAX_CURSOR_CHARACTERS:
        return text
    # What the page left out is what leads back: the row at the place, unless the page would have had it.
    return _written(fingerprint if after.inclusive else INCLUSIVE + fingerprint, _opened(cursor)[1:])


def _written(mark: str, values: Sequence[str | None]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([mark, *values])).rstrip(b"=").decode()


def ordering(entity: EntityModel, sort: Sort) -> list[FieldDefinition]:
    """The fields of the order: the requested ones, then the remaining fields of the key."""
    asked = [entity.fields[name] for name, _ in sort]
    return [*asked, *(field for field in entity.key.fields if field not in asked)]


def _slot(scope: Scope, field: FieldDefinition, value: Any) -> int:
    if value is None:
        return 0
    try:
        return scope.slot(parse_text(field, value))
    except BadValue:
        raise refused("cursor", "is not a cursor of this list") from None


def _opened(text: str) -> list[Any]:
    if len(text) > MAX_CURSOR_CHARACTERS:
        raise refused("cursor", "is not a cursor of this list")
    try:
        values = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        raise refused("cursor", "is not a cursor of this list") from None
    if not isinstance(values, list) or not values or not all(v is None or isinstance(v, str) for v in values):
        raise refused("cursor", "is not a cursor of this list")
    return values
