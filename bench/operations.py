"""What is measured: one record shape and four operations, as data that each system's API translates.

`articles` is only read and `drafts` only written, so reads meet the same rows in every round.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Literal, Protocol, get_args

import orjson

Operation = Literal["get", "list", "create", "update"]
OPERATIONS: tuple[Operation, ...] = get_args(Operation)
MEANING: Mapping[Operation, str] = {
    "get": "one record by its id",
    "list": "25 records of a filter, sorted, with the total",
    "create": "one record of seven fields",
    "update": "two fields of a record",
}

Index = Literal["each", "both"]
INDEXES: tuple[Index, ...] = get_args(Index)
"""Indexes on the columns of filter and sort: one each, which all systems support, or also one over both."""

READ, WRITTEN = "articles", "drafts"
TABLES = (READ, WRITTEN)
PAGE = 25
CATEGORIES = 10
"""The default number of categories. The fewer, the more often several clients request the same list at once."""
VARIETY = 2_000
"""The number of different requests in one measurement; they are sent in a cycle."""
BODY = "Every change is appended to a log and published from there. " * 4

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request without address and token."""

    method: str
    path: str
    body: Row | None = None

    def encode(self, headers: Mapping[str, str]) -> bytes:
        """Its bytes on a keep-alive connection."""
        body = b"" if self.body is None else orjson.dumps(self.body)
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        if self.body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + body


class Api(Protocol):
    """A system's form of the operations."""

    def get(self, record_id: str) -> Request:
        """One of READ's records."""

    def list(self, category: str) -> Request:
        """The first page of READ's records of a category, highest rank first, with the total."""

    def create(self, table: str, row: Row) -> Request:
        """A new record."""

    def update(self, record_id: str, change: Row) -> Request:
        """New values for some fields of one of WRITTEN's records."""

    def listed(self, answer: Any) -> tuple[int, int]:
        """The number of records in a response to `list`, and its total."""


def rows(count: int, categories: int = CATEGORIES) -> list[Row]:
    """The initial rows of both tables; the same for every system."""
    return [row(number, categories) for number in range(count)]


def row(number: int, categories: int = CATEGORIES) -> Row:
    """A row; ranks are scattered, so that sorting costs time."""
    return {
        "title": f"Article number {number}",
        "body": BODY,
        "category": category(number, categories),
        "rank": number * 7_919 % 1_000_003,
        "active": number % 3 == 0,
    }


def category(number: int, categories: int = CATEGORIES) -> str:
    """A category's name."""
    return f"c{number % categories}"


def requests(
    api: Api,
    operation: Operation,
    ids: Mapping[str, Sequence[str]],
    randomness: Random,
    categories: int = CATEGORIES,
) -> list[Request]:
    """VARIETY requests for one measurement: random records, categories, values."""
    numbers = [randomness.randrange(1_000_000) for _ in range(VARIETY)]
    match operation:
        case "get":
            return [api.get(randomness.choice(ids[READ])) for _ in numbers]
        case "list":
            return [api.list(category(n, categories)) for n in numbers]
        case "create":
            return [api.create(WRITTEN, row(n, categories)) for n in numbers]
        case "update":
            return [api.update(randomness.choice(ids[WRITTEN]), change(n)) for n in numbers]


def change(number: int) -> Row:
    """The values that an update sets, in fields without an index."""
    return {"title": f"Renamed {number}", "active": number % 2 == 0}
