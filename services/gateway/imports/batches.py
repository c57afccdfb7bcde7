"""Takes rows of a file in batches, in a thread, so that parsing does not hold up the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from libs.shared import exact
from libs.shared.errors import RocketError
from services.gateway.imports.parsed_rows import ParsedRow

MAX_BATCH_ROWS = 1_000
MAX_BATCH_BYTES = 4 * 1024 * 1024
"""Bytes of a batch; a single row may have more."""
COUNTED_ROWS = 20_000
"""Rows counted between two looks at the claim."""


async def count_rows(rows: Iterator[ParsedRow]) -> int:
    """The number of the next rows; less than COUNTED_ROWS when there are no more."""
    return await asyncio.to_thread(_count, rows)


def _count(rows: Iterator[ParsedRow]) -> int:
    number = 0
    for number, _ in enumerate(rows, 1):
        if number == COUNTED_ROWS:
            break
    return number


async def skip_rows(rows: Iterator[ParsedRow], number: int) -> None:
    """Pass over rows that are done."""
    await asyncio.to_thread(_skip, rows, number)


def _skip(rows: Iterator[ParsedRow], number: int) -> None:
    for _ in range(number):
        next(rows, None)


class RowBatches:
    """The rows of a file from a place on: those that were taken, and not done with, are taken again."""

    def __init__(self, rows: Iterator[ParsedRow]) -> None:
        self._rows = rows
        self._waiting: list[bytes] = []
        self._most = self._size = MAX_BATCH_ROWS

    async def next(self) -> bytes | None:
        """The next rows as a JSON list, or None when all are done with. Raises what reading them raises."""
        await asyncio.to_thread(self._fill)
        taken = self._taken()
        return b"[" + b",".join(self._waiting[:taken]) + b"]" if taken else None

    def finish(self, rows: int) -> None:
        """So many rows are done with. Where that is few of those that were offered, fewer are offered next."""
        del self._waiting[:rows]
        self._size = min(self._most, max(1, 2 * rows))

    def halve(self) -> bool:
        """Offer half as many rows from now on; False if that is not possible."""
        offered = self._taken()
        self._most = self._size = max(1, offered // 2)
        return offered > 1

    def _fill(self) -> None:
        size = sum(map(len, self._waiting))
        while len(self._waiting) < MAX_BATCH_ROWS and size < MAX_BATCH_BYTES:
            row = next(self._rows, None)
            if row is None:
                return
            self._waiting.append(_text(row))
            size += len(self._waiting[-1])

    def _taken(self) -> int:
        taken = size = 0
        for text in self._waiting[: self._size]:
            size += len(text)
            if taken and size > MAX_BATCH_BYTES:
                break
            taken += 1
        return taken


def _text(row: ParsedRow) -> bytes:
    try:
        return exact.dumps([row.number, row.cells, row.problem])
    except TypeError:
        # Lone surrogates, or a number of more than 64 bits computed by a workbook.
        return exact.dumps([row.number, [], "holds characters or numbers that can't be stored"])


def problem_of(refusal: RocketError) -> dict[str, object]:
    """What a job says about why it failed."""
    details = {"details": refusal.details} if refusal.details else {}
    return {"code": refusal.code, "message": refusal.message, **details}
