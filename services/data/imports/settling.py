"""Writes those rows of a batch that can be written, in one commit, and finds out which can't.

A refusal that names rows takes these out, and the others are tried again. One that names none may be about them
together (too many synchronous webhooks, a commit too large): then the first half is tried, and the rest is left for the
next batch.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from libs.shared.errors import Detail, RocketError
from libs.shared.postgres.errors import IN_USE
from services.data.imports.rows import ImportedRow

T = TypeVar("T")

MAX_ROUNDS = 20
"""Refusals after which fewer rows are tried at once, as each costs a look at all of them."""
SHRINKING = 4
MIN_ROWS = 25
"""Rows that are still tried at once after many refusals."""
ABOUT_ROWS = frozenset(
    {"VALIDATION_FAILED", "CONFLICT", "FORBIDDEN", "NOT_FOUND", "INVALID_PAYLOAD", "UNKNOWN_FIELD", "INVALID_STATE"}
)
"""Codes that are about what is written; all others are about the moment."""

Attempt = Callable[[Sequence[ImportedRow]], Awaitable[T]]


@dataclass(frozen=True, slots=True)
class Settled(Generic[T]):
    """`outcome` is that of the rows that were written, None where none could be. `together` rows are done with."""

    written: Sequence[ImportedRow]
    outcome: T | None
    together: int


async def settle_rows(rows: Sequence[ImportedRow], attempt: Attempt[T]) -> Settled[T]:
    """Write the rows that have no reasons yet; those that are refused get some.

    `attempt` writes all or none of the rows that it is given; its refusals name them by their place among these.
    Raises what is not about the rows.
    """
    together, rounds = len(rows), 0
    while True:
        left = [row for row in rows[:together] if not (row.reasons or row.rests_on_file)]
        if not left:
            return Settled((), None, together)
        try:
            return Settled(left, await attempt(left), together)
        except RocketError as refusal:
            if refusal.code not in ABOUT_ROWS or refusal.message == IN_USE:
                raise
            named = _note(left, refusal)
        if not named:
            together = rows.index(left[len(left) // 2])
        rounds += 1
        if rounds % MAX_ROUNDS == 0 and len(left) > MIN_ROWS:
            together = rows.index(left[max(MIN_ROWS, len(left) // SHRINKING)])


def _note(left: Sequence[ImportedRow], refusal: RocketError) -> bool:
    """Give rows the reasons that a refusal has for them; returns whether it has any. A single row is the one meant."""
    named = False
    for detail in refusal.details:
        index = detail.get("index")
        if isinstance(index, int) and 0 <= index < len(left):
            left[index].reasons.append(_reason(detail))
            named = True
    if not named and len(left) == 1:
        left[0].reasons.append({"message": refusal.message})
        return True
    return named


def _reason(detail: Detail) -> Detail:
    return {key: value for key, value in detail.items() if key in ("field", "rule", "message")}
