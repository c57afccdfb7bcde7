"""Turns the query of the audit log into SQL conditions, an order and places in it. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libs.shared import clock, exact
from libs.shared.contracts.events import AUDIT_FILTERS
from libs.shared.contracts.records import Pairs
from libs.shared.errors import RocketError
from libs.shared.nearest import unknown
from libs.shared.paging import Page, page_of
from libs.shared.schema import BadValue, FieldDefinition, parse_text

PER_PAGE = 50
TIME = '"timestamp"'
SORTS = (
    "timestamp", "entity", "record_id", "action", "user_id", "user_email", "on_behalf_of", "cause", "ip_address",
    "trace_id", "source",
)  # fmt: skip
TIE = ((TIME, "timestamptz"), ("position", "bigint"), ("n", "int"), ("source", "text"))
"""Columns, with their types, that make every order a total one."""
_TIME = FieldDefinition(name="time", type="timestamp")


@dataclass(frozen=True, slots=True)
class AuditSelection:
    """The rows that are asked for. No text of the caller is in `where`, `order` or `after`; `values` are theirs.

    `after` is the condition for the rows behind a cursor, whose values follow; None for a list by pages.
    """

    where: str
    values: tuple[Any, ...]
    sort: str
    descending: bool
    page: Page
    after: str | None = None

    @property
    def order(self) -> str:
        """The order of the rows."""
        direction = "DESC" if self.descending else "ASC"
        return ", ".join(f"{column} {direction}" for column, _ in _keys(self.sort))

    def cursor(self, row: Mapping[str, Any]) -> str:
        """The cursor of the rows behind one."""
        own = [] if self.sort == "timestamp" else [row[self.sort] or ""]
        place = [*own, row["timestamp"], row["position"], row["n"], row["source"]]
        return base64.urlsafe_b64encode(exact.dumps([self.sort, self.descending, place])).decode().rstrip("=")


def audit_selection(query: Pairs) -> AuditSelection:
    """The selection of a query: newest first, 50 a page, at most 100. Raises INVALID_PAYLOAD, UNKNOWN_FIELD."""
    asked = dict(query)
    clauses, values = _conditions(asked)
    sort, descending = _sort(asked.get("sort") or "-timestamp")
    after = None
    if "cursor" in asked:
        after = "true"
        if asked["cursor"]:
            place = _parse_cursor(asked["cursor"], sort, descending)
            names, slots = zip(*_keys(sort), strict=True)
            typed = ", ".join(f"${number}::{kind}" for number, kind in enumerate(slots, len(values) + 1))
            after = f"({', '.join(names)}) {'<' if descending else '>'} ({typed})"
            values += place
    where = " AND ".join(clauses) or "true"
    return AuditSelection(where, tuple(values), sort, descending, page_of(asked, PER_PAGE), after)


def _conditions(asked: Mapping[str, str]) -> tuple[list[str], list[Any]]:
    clauses: list[str] = []
    values: list[Any] = []
    for name in AUDIT_FILTERS:
        if asked.get(name):
            if "\x00" in asked[name]:
                raise RocketError("INVALID_PAYLOAD", f"{name} must not hold the character NUL")
            values.append(asked[name])
            slot = f"${len(values)}"
            clauses.append(f"jsonb_exists(changed_fields, {slot})" if name == "field" else f"{name} = {slot}")
    for name, operator in (("from", ">="), ("to", "<=")):
        if asked.get(name):
            values.append(_moment(name, asked[name]))
            clauses.append(f"{TIME} {operator} ${len(values)}")
    return clauses, values


def _keys(sort: str) -> list[tuple[str, str]]:
    """The columns of an order with their types. Nulls count as empty texts."""
    return list(TIE) if sort == "timestamp" else [(f"coalesce({sort}, '')", "text"), *TIE]


def _sort(text: str) -> tuple[str, bool]:
    name = text.removeprefix("-")
    if name not in SORTS:
        raise RocketError("UNKNOWN_FIELD", f"sort: {unknown(name, SORTS)}", [{"field": "sort", "message": name[:100]}])
    return name, text.startswith("-")


def _moment(name: str, text: str) -> datetime:
    try:
        moment: datetime = parse_text(_TIME, text)
    except BadValue as problem:
        raise RocketError("INVALID_PAYLOAD", f"{name} {problem}") from None
    return moment


def _parse_cursor(text: str, sort: str, descending: bool) -> list[Any]:
    """The place of a cursor. Raises INVALID_PAYLOAD for one of another order."""
    try:
        made_for, was_descending, place = exact.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        *own, at, position, n, source = place
        if (made_for, was_descending) != (sort, descending) or len(own) != (sort != "timestamp"):
            raise ValueError
        return [*map(str, own), clock.parse(at), int(position), int(n), str(source)]
    except (ValueError, TypeError, binascii.Error):
        raise RocketError("INVALID_PAYLOAD", "cursor is none of this list") from None
