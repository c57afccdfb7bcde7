"""Ratios over paired rounds, with a bootstrap interval. Pure and repeatable: the randomness has a seed.

The median, so that one disturbed round does not decide; of logarithms, so that a ratio and its inverse agree.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

RESAMPLES = 10_000
CONFIDENCE = 0.90
FEWEST = 4
"""The least number of pairs for an interval."""


@dataclass(frozen=True)
class Ratio:
    """One system against another: the median of the rounds' ratios and its interval."""

    value: float
    low: float
    high: float
    pairs: int

    @property
    def verdict(self) -> str:
        """What the interval allows to conclude."""
        if self.pairs < FEWEST:
            return "too few rounds"
        return "not distinguishable" if self.low <= 1 <= self.high else "distinguishable"


def ratio(pairs: Sequence[tuple[float, float]], seed: int = 1) -> Ratio | None:
    """The ratio over (ours, theirs) of each round; None without a usable pair."""
    logs = [math.log(ours / theirs) for ours, theirs in pairs if ours > 0 and theirs > 0]
    if not logs:
        return None
    low, high = interval(logs, Random(seed))
    return Ratio(math.exp(median(logs)), math.exp(low), math.exp(high), len(logs))


def interval(values: Sequence[float], randomness: Random) -> tuple[float, float]:
    """The percentile bootstrap interval of the median."""
    medians = sorted(median(randomness.choices(values, k=len(values))) for _ in range(RESAMPLES))
    cut = (1 - CONFIDENCE) / 2
    return medians[int(RESAMPLES * cut)], medians[int(RESAMPLES * (1 - cut)) - 1]


def median(values: Sequence[float]) -> float:
    """The middle value; 0 for none."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    if not ordered:
        return 0.0
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
