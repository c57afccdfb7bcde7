"""Batches of rows: none is lost or offered twice, and their size follows what can be done at once."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.imports.batches import (
    COUNTED_ROWS,
    MAX_BATCH_BYTES,
    MAX_BATCH_ROWS,
    RowBatches,
    count_rows,
    skip_rows,
)
from services.gateway.imports.parsed_rows import ParsedRow


def rows(number: int, size: int = 1) -> Iterator[ParsedRow]:
    return (ParsedRow(n, ["x" * size]) for n in range(number))


@given(st.integers(0, 3000), st.lists(st.integers(1, 1000), max_size=20))
async def test_each_row_is_offered_until_it_is_done_with(number: int, limits: list[int]) -> None:
    batches, done = RowBatches(rows(number)), list[int]()
    while (body := await batches.next()) is not None:
        offered = [row[0] for row in orjson.loads(body)]
        assert 0 < len(offered) <= MAX_BATCH_ROWS
        taken = min(len(offered), limits.pop() if limits else MAX_BATCH_ROWS)
        done += offered[:taken]
        batches.finish(taken)
    assert done == list(range(number))


async def test_batches_are_bounded_by_bytes_and_halved_for_good() -> None:
    batches = RowBatches(rows(40, MAX_BATCH_BYTES // 10))
    assert len(orjson.loads(await batches.next() or b"")) in (9, 10)
    small = RowBatches(rows(5000))
    await small.next()
    assert small.halve()
    assert len(orjson.loads(await small.next() or b"")) == MAX_BATCH_ROWS // 2
    small.finish(MAX_BATCH_ROWS // 2)
    assert len(orjson.loads(await small.next() or b"")) == MAX_BATCH_ROWS // 2
    single = RowBatches(rows(1))
    await single.next()
    assert not single.halve()


async def test_rows_are_counted_in_parts_and_skipped() -> None:
    found = rows(COUNTED_ROWS + 5)
    assert [await count_rows(found) for _ in range(3)] == [COUNTED_ROWS, 5, 0]
    left = rows(10)
    await skip_rows(left, 7)
    assert [row.number for row in left] == [7, 8, 9]


async def test_a_row_that_json_has_no_words_for_is_a_problem_of_that_row() -> None:
    batches = RowBatches(iter([ParsedRow(1, ["\ud800"]), ParsedRow(2, [2**70])]))
    found = orjson.loads(await batches.next() or b"")
    assert [row[0] for row in found] == [1, 2] and all(row[2] for row in found)
