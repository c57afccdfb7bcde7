"""Small tables are counted, large ones estimated."""

from __future__ import annotations

from services.data.handlers.record_counts import MAX_COUNTED_BYTES, MAX_COUNTED_TABLES, countable


def test_the_smallest_tables_are_counted_as_far_as_that_is_cheap() -> None:
    half = MAX_COUNTED_BYTES // 2
    counted, estimated = countable([("large", 10**7, half * 20), ("b", 5, half), ("a", -1, half), ("c", 7, half + 1)])
    assert (counted, estimated) == (["b", "a"], {"c": 7, "large": 10**7})


def test_a_large_table_without_statistics_counts_as_empty() -> None:
    assert countable([("large", -1, MAX_COUNTED_BYTES + 1)]) == ([], {"large": 0})


def test_the_number_of_counted_tables_is_bounded() -> None:
    counted, estimated = countable([(f"e{number}", 3, 0) for number in range(MAX_COUNTED_TABLES + 5)])
    assert (len(counted), len(estimated)) == (MAX_COUNTED_TABLES, 5)
