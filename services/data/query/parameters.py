"""Parses the query of a URL into a shape and values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from libs.shared.errors import RocketError
from libs.shared.paging import Page, page_of, positive
from libs.shared.schema.figures import UNORDERED_TYPES
from services.data.model import EntityModel
from services.data.query.cursors import fingerprint_of, parse_cursor
from services.data.query.filters import parse_filter, parse_search
from services.data.query.includes import parse_output, split_names
from services.data.query.scope import Scope, refused, unknown_field
from services.data.query.shapes import Condition, Criteria, Listing, Output, Sort, Visible

MAX_FILTERS = 50
MAX_SORTS = 10
FILTER = re.compile(r"filter\[([^\]]*)\]")
COUNTS = ("exact", "estimated", "none")
DELETED = ("with", "only")
DIRECTIONS = ("forward", "backward")
MAX_TRUNCATE_CHARACTERS = 1_000_000
"""The greatest length to cut values to."""

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ListQuery:
    """A parsed request for a list. The first `matched` values decide which records match; the others, what is shown."""

    listing: Listing
    page: Page
    matched: int
    fingerprint: str
    """What its cursors hold for; "" for a list by pages."""
    cursor: str = ""


def parse_list(scope: Scope, entity: EntityModel, pairs: Pairs, as_of: int | None = None) -> ListQuery:
    """Raises UNKNOWN_FIELD, INVALID_PAYLOAD or FORBIDDEN; unusable page numbers fall back to the defaults."""
    values = dict(pairs)
    criteria = parse_criteria(scope, entity, pairs, values, as_of)
    matched = len(scope.values)
    output = parse_output(scope, entity, values.get("fields", ""), values.get("include", ""))
    if "truncate" in values:
        output = output._replace(truncate=_truncate(scope, values["truncate"]))
    sort = parse_sort(scope, entity, values.get("sort", ""))
    page = page_of(values)
    backward = _is_backward(values)
    fingerprint, after = "", None
    if "cursor" in values:
        fingerprint = fingerprint_of(entity, sort, pairs)
        after = parse_cursor(scope, entity, sort, values["cursor"], fingerprint, backward)
    count = values.get("count", "") or ("exact" if after is None else "none")
    if count not in COUNTS:
        raise refused("count", f"must be one of {', '.join(COUNTS)}")
    limit = scope.slot(page.size)
    offset = scope.slot(page.offset) if after is None else 0
    listing = Listing(criteria, output, sort, count, limit, offset, after)
    return ListQuery(listing, page, matched, fingerprint, values.get("cursor", ""))


def parse_criteria(
    scope: Scope, entity: EntityModel, pairs: Pairs, values: Mapping[str, str], as_of: int | None = None
) -> Criteria:
    """Which records are meant: filters, search, deleted ones, and of when."""
    visible = scope.visible(entity)
    conditions = _filters(scope, entity, pairs)
    mode, removable = _deleted(scope, entity, values)
    search = parse_search(scope, values["q"]) if "q" in values else 0
    return Criteria(visible, conditions, mode, removable, search, scope.slot(as_of) if as_of is not None else 0)


def parse_one(
    scope: Scope, entity: EntityModel, values: Mapping[str, str], as_of: int | None = None
) -> tuple[Criteria, Output]:
    """A parsed request for a single record."""
    visible = scope.visible(entity)
    position = scope.slot(as_of) if as_of is not None else 0
    criteria = Criteria(visible, (), *_deleted(scope, entity, values), 0, position)
    return criteria, parse_output(scope, entity, values.get("fields", ""), values.get("include", ""))


def parse_sort(scope: Scope, entity: EntityModel, text: str) -> Sort:
    """`sort=a,-b`. Raises UNKNOWN_FIELD, also for fields without an order."""
    if not text:
        return ()
    sort = []
    fields = scope.fields(entity)
    for part in split_names(text):
        name, descending = part.lstrip("+-"), part.startswith("-")
        field = fields.get(name)
        if field is None or field.type in UNORDERED_TYPES:
            raise unknown_field(name, "can't be sorted")
        sort.append((name, descending))
    if len(sort) > MAX_SORTS:
        raise RocketError("INVALID_PAYLOAD", f"At most {MAX_SORTS} sort fields are allowed")
    return tuple(sort)


def _is_backward(values: Mapping[str, str]) -> bool:
    """Whether the page before the cursor is wanted. Raises INVALID_PAYLOAD."""
    direction = values.get("direction", "")
    if direction and direction not in DIRECTIONS:
        raise refused("direction", f"must be one of {', '.join(DIRECTIONS)}")
    if direction and "cursor" not in values:
        raise refused("direction", "needs a cursor; cursor= is the beginning, or backward the end")
    return direction == "backward"


def _truncate(scope: Scope, text: str) -> int:
    """The slot of the length that values are cut to. Raises INVALID_PAYLOAD."""
    length = positive(text)
    if not 1 <= length <= MAX_TRUNCATE_CHARACTERS:
        raise refused("truncate", f"must be a number from 1 to {MAX_TRUNCATE_CHARACTERS}")
    return scope.slot(length)


def _filters(scope: Scope, entity: EntityModel, pairs: Pairs) -> tuple[Condition, ...]:
    found = [(name[7:-1], value) for name, value in pairs if name.startswith("filter[") and FILTER.fullmatch(name)]
    if len(found) > MAX_FILTERS:
        raise RocketError("INVALID_PAYLOAD", f"At most {MAX_FILTERS} filters are allowed")
    return tuple(parse_filter(scope, entity, name, value) for name, value in found)


def _deleted(scope: Scope, entity: EntityModel, values: Mapping[str, str]) -> tuple[str, Visible]:
    """Which soft-deleted records to include; they are visible to callers that may delete them."""
    mode = values.get("deleted", "")
    if not mode:
        return "", None
    if mode not in DELETED:
        raise refused("deleted", "must be with or only")
    return mode, scope.removable(entity)
