"""Ratios and their intervals."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.statistics import interval, median, ratio

RATES = st.floats(min_value=1e-3, max_value=1e6)
PAIRS = st.lists(st.tuples(RATES, RATES), min_size=1, max_size=9)


def test_the_same_ratio_in_every_round_has_no_width() -> None:
    found = ratio([(50.0, 100.0)] * 7)

    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx((0.5, 0.5, 0.5))
    assert found.verdict == "distinguishable"


def test_pairs_are_compared_within_their_round() -> None:
    """The machine was ten times slower in some rounds; the ratio does not see it."""
    found = ratio([(80.0, 100.0), (8.0, 10.0), (80.0, 100.0), (8.0, 10.0), (80.0, 100.0)])

    assert found is not None
    assert (found.low, found.high) == pytest.approx((0.8, 0.8))


def test_one_disturbed_round_does_not_decide() -> None:
    found = ratio([(80.0, 100.0)] * 6 + [(80.0, 1.0)])

    assert found is not None
    assert found.value == pytest.approx(0.8)


def test_an_interval_around_one_is_not_significant() -> None:
    found = ratio([(9.0, 10.0), (11.0, 10.0), (9.0, 10.0), (12.0, 10.0), (8.0, 10.0)])

    assert found is not None
    assert found.low < 1 < found.high
    assert found.verdict == "not distinguishable"


def test_too_few_rounds_are_not_significant() -> None:
    found = ratio([(1.0, 2.0)] * 3)

    assert found is not None
    assert found.verdict == "too few rounds"


def test_no_usable_pair_no_ratio() -> None:
    assert ratio([]) is None
    assert ratio([(0.0, 5.0), (5.0, 0.0)]) is None


@settings(max_examples=20, deadline=None)
@given(PAIRS)
def test_the_inverse_says_the_same(pairs: list[tuple[float, float]]) -> None:
    one, other = ratio(pairs), ratio([(b, a) for a, b in pairs])

    assert one is not None
    assert other is not None
    assert one.value * other.value == pytest.approx(1)
    assert one.low <= one.high


@settings(max_examples=20, deadline=None)
@given(PAIRS)
def test_an_interval_is_repeatable_and_within_the_rounds(pairs: list[tuple[float, float]]) -> None:
    values = [a / b for a, b in pairs]

    low, high = interval(values, Random(3))

    assert (low, high) == interval(values, Random(3))
    assert min(values) <= low <= high <= max(values)


def test_medians() -> None:
    assert median([3, 1, 2]) == 2
    assert median([4, 1, 2, 3]) == 2.5
    assert median([]) == 0
