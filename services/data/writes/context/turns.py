"""Long work in process, done in turns with others: a request of many rows must not hold up everybody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import TypeVar

T = TypeVar("T")

TURN = 200
"""Rows after which others have a turn."""


async def in_turns(rows: Sequence[T]) -> AsyncIterator[T]:
    """The rows, one after the other."""
    for number, row in enumerate(rows, 1):
        yield row
        if number % TURN == 0:
            await asyncio.sleep(0)
