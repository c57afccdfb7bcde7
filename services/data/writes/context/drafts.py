"""Drafts: the records of a request on their way into the database, with their places in the request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from libs.shared import exact
from libs.shared.errors import Detail, RocketError, summary
from services.data.model import Link
from services.data.writes.statements.changes import Values, Written
from services.data.writes.statements.locking import Stored

T = TypeVar("T")

TURN_ROWS = 200
"""Rows after which a long loop lets other requests run."""

Row = dict[str, Any]
"""A nested row as it was sent."""
Mode = Literal["diff", "replace", "append"]


@dataclass(frozen=True, slots=True)
class RowPlace:
    """The place of a record in the request: in a bulk by `index`, in a nested write by `relation` too.

    `row` is the row of the bulk that a record belongs to. Its errors are counted by it, and their path begins with it.
    """

    index: int
    relation: str = ""
    path: str = ""
    row: int | None = None

    @classmethod
    def of_row(cls, row: int) -> RowPlace:
        """The place of a bulk's row."""
        return cls(row, path=f"[{row}]", row=row)

    def marks(self, detail: Detail) -> Detail:
        """A detail with the place added."""
        nested = {"relation": self.relation, "path": self.path} if self.relation else {}
        return {**detail, **nested, "index": self.index if self.row is None else self.row}


@dataclass(frozen=True, slots=True)
class NestedWrite:
    """What a request says about one record's rows at the other end of a relation."""

    mode: Mode
    rows: Sequence[Row]


@dataclass(slots=True)
class Draft:
    """One record: its sent values, its stored state, and its new state."""

    body: Row
    stored: Stored | None = None
    place: RowPlace | None = None
    if_version: int | None = None
    given: frozenset[str] = frozenset()
    """Names in the body that the server has set, not the caller."""
    nested: Sequence[tuple[Link, NestedWrite]] = ()
    values: Values = field(default_factory=dict)
    effects: list[dict[str, Any]] = field(default_factory=list)
    written: Written | None = None
    """The row as this write has left it."""

    @property
    def record(self) -> dict[str, Any]:
        """The record as it is now."""
        if self.written is not None:
            return dict(exact.loads(self.written.record_text))
        return self.stored.record if self.stored else {}

    def mark(self, details: Iterable[Detail]) -> list[Detail]:
        """Details about this record, with its place."""
        return [self.place.marks(detail) if self.place else detail for detail in details]

    def refuse(self, error: RocketError) -> RocketError:
        """An error about this record, with its place."""
        if self.place is None:
            return error
        details = error.details or [{"message": error.message}]
        return RocketError(error.code, error.message, self.mark(details), error.headers)

    def child_place(self, link: Link, index: int) -> RowPlace:
        """The place of one of its nested rows."""
        name = link.relation.name
        above = f"{self.place.path}." if self.place and self.place.path else ""
        return RowPlace(index, name, f"{above}{name}[{index}]", self.place.row if self.place else None)

    def parent_value(self, link: Link) -> Any:
        """The value that its nested rows refer to. Raises VALIDATION_FAILED where it has none."""
        value = self.record.get(link.own)
        if value is None:
            name = link.relation.name
            detail = {"rule": "required", "relation": name, "message": f"needs a value for {name}"}
            message = f"{name} needs a value in {link.own}"
            raise self.refuse(RocketError("VALIDATION_FAILED", message, [{"field": link.own, **detail}]))
        return value


def refuse_invalid(details: Sequence[Detail]) -> None:
    """Raises VALIDATION_FAILED with these details, if there are any."""
    if details:
        raise RocketError("VALIDATION_FAILED", summary(details[0]), details)


async def in_turns(rows: Sequence[T]) -> AsyncIterator[T]:
    """The rows one after the other; a request of many lets other requests run in between."""
    for number, row in enumerate(rows, 1):
        yield row
        if number % TURN_ROWS == 0:
            await asyncio.sleep(0)
