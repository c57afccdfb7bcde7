"""What a list is asked for: the URL's query, read once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from libs.shared.errors import RocketError
from libs.shared.paging import Page, page_of
from services.data.model import EntityModel
from services.data.query.predicates import Comparison, parse_filter

MAX_FILTERS = 50
MAX_SORTS = 10
FILTER = re.compile(r"filter\[([^\]]*)\]")


@dataclass(frozen=True, slots=True)
class ListQuery:
    """Filters (all must hold), sort (field, descending), and the page."""

    filters: Sequence[Comparison]
    sort: Sequence[tuple[str, bool]]
    page: Page


def parse_list_query(entity: EntityModel, pairs: Sequence[tuple[str, str]]) -> ListQuery:
    """Raises UNKNOWN_FIELD or INVALID_PAYLOAD; unusable page numbers fall back to the defaults."""
    filters = []
    values: dict[str, str] = {}
    for name, value in pairs:
        if match := FILTER.fullmatch(name):
            filters.append(parse_filter(entity, match[1], value))
        else:
            values[name] = value
    if len(filters) > MAX_FILTERS:
        raise RocketError("INVALID_PAYLOAD", f"At most {MAX_FILTERS} filters are allowed")
    refuse_include(values.get("include", ""))
    return ListQuery(
        filters=filters,
        sort=_sort(entity, values.get("sort", "")),
        page=page_of(values),
    )


def refuse_include(text: str) -> None:
    """No entity has relations yet, so every include is an unknown one. Raises UNKNOWN_FIELD."""
    for name in filter(None, (part.strip() for part in text.split(","))):
        raise RocketError("UNKNOWN_FIELD", f"Unknown include: {name}", [{"field": name, "message": "unknown include"}])


def _sort(entity: EntityModel, text: str) -> list[tuple[str, bool]]:
    sort = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, descending = part.lstrip("+-"), part.startswith("-")
        field = entity.fields.get(name)
        if field is None or field.type in ("json", "file"):
            raise RocketError(
                "UNKNOWN_FIELD", f"Unknown field: {name}", [{"field": name, "message": "can't be sorted"}]
            )
        sort.append((name, descending))
    if len(sort) > MAX_SORTS:
        raise RocketError("INVALID_PAYLOAD", f"At most {MAX_SORTS} sort fields are allowed")
    return sort
