"""The watermark of a log: the position at or below which no entry can appear any more.

Positions come from a sequence and are taken inside the writing transactions, so they can become visible out of order,
and those of transactions that were rolled back never do. A writer holds a lock on the log's table from before it takes
its position until after its commit is visible (bus/outbox/writers.py). Two facts follow:

- What follows the watermark without a gap is below it from now on.
- Once a position is known to be taken, and the writers of that moment have ended, everything up to it is below the
  watermark: the gaps that are left there are never filled.
"""

from __future__ import annotations

from collections.abc import Iterable


class Watermark:
    """The watermark of one reader of a log; it only rises."""

    __slots__ = ("position",)

    def __init__(self, position: int = 0) -> None:
        self.position = position

    def pass_visible(self, positions: Iterable[int]) -> int:
        """Rise over ascending visible positions up to the first gap. Returns how many of them were passed.

        Entries of one commit have the same position. Positions at or below the watermark count as passed.
        """
        passed = 0
        for position in positions:
            if position > self.position + 1:
                break
            self.position = max(self.position, position)
            passed += 1
        return passed

    def close(self, taken: int) -> None:
        """Rise to a position that was taken, as all writers of that moment have ended."""
        self.position = max(self.position, taken)
