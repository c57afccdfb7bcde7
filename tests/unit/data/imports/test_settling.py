"""Which rows of a batch are written, whatever some of them are refused for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.shared.errors import RocketError
from libs.shared.postgres.errors import IN_USE
from services.data.imports.rows import ImportedRow
from services.data.imports.settling import Settled, settle_rows

Numbers = list[int]


def rows(count: int) -> list[ImportedRow]:
    return [ImportedRow(number, []) for number in range(count)]


def settled(sent: Sequence[ImportedRow], bad: set[int], at_once: int, named: int) -> tuple[Settled[Numbers], int]:
    """Settle rows of which `bad` ones are refused, `named` at a time, and of which only `at_once` can be written."""
    attempts = 0

    async def attempt(left: Sequence[ImportedRow]) -> Numbers:
        nonlocal attempts
        attempts += 1
        wrong = [place for place, row in enumerate(left) if row.number in bad][:named]
        if wrong:
            raise RocketError("CONFLICT", "bad", [{"index": place, "message": "bad"} for place in wrong])
        if len(left) > at_once:
            raise RocketError("VALIDATION_FAILED", "too many at once")
        return [row.number for row in left]

    return asyncio.run(settle_rows(sent, attempt)), attempts


@given(st.integers(1, 300), st.sets(st.integers(0, 299)), st.integers(1, 300), st.integers(1, 100))
def test_every_row_is_written_refused_or_left_for_the_next_batch(
    count: int, bad: set[int], at_once: int, named: int
) -> None:
    written: Numbers = []
    left = rows(count)
    while left:
        outcome, _ = settled(left, bad, at_once, named)
        assert outcome.together > 0
        written += outcome.outcome or []
        done = left[: outcome.together]
        assert [row.number for row in done if row.reasons] == [row.number for row in done if row.number in bad]
        left = left[outcome.together :]
        for row in left:
            row.reasons.clear()
    assert written == [number for number in range(count) if number not in bad]


def test_many_refusals_one_at_a_time_do_not_cost_a_look_at_all_rows_each() -> None:
    outcome, attempts = settled(rows(1000), set(range(0, 1000, 2)), 1000, 1)
    assert outcome.together < 1000 and attempts < 100


@pytest.mark.parametrize("error", [RocketError("SERVICE_UNAVAILABLE", "away"), RocketError("CONFLICT", IN_USE)])
async def test_what_is_not_about_the_rows_is_raised(error: RocketError) -> None:
    async def attempt(left: Sequence[ImportedRow]) -> None:
        raise error

    with pytest.raises(RocketError):
        await settle_rows(rows(3), attempt)
