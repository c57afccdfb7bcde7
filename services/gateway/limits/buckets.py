"""Token buckets, one per key, in bounded memory.

A bucket is one number: the moment at which it will be full again (the generic cell rate algorithm of ITU-T I.371). A
full bucket is the same as a new one, so it can be forgotten.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass

MAX_BUCKETS = 50_000
"""Buckets that are remembered, of each kind. Above that the oldest is forgotten, and so full again."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests a second in the long run, and how many at once."""

    per_second: float
    burst: int


class Buckets:
    """All buckets of one kind. Times are seconds of any clock that never goes back."""

    def __init__(self, rate: Rate, max_buckets: int = MAX_BUCKETS) -> None:
        self.rate = rate
        self._interval = 1.0 / rate.per_second
        self._depth = rate.burst * self._interval
        self._max_buckets = max_buckets
        self._full: OrderedDict[str, float] = OrderedDict()
        self._spent: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._full)

    def take(self, key: str, now: float) -> float:
        """Take a token; returns how many are left. Below zero there was none, and that many are missing."""
        full = self._full.get(key)
        if full is None:
            self._make_room(now)
            full = now
        elif full < now:
            full = now
        after = full + self._interval
        left = (now + self._depth - after) / self._interval
        # A small tolerance, as the moments are sums of inexact numbers.
        if left < -1e-6:
            return left
        self._full[key] = after
        self._spent[key] = self._spent.get(key, 0) + 1
        return left if left > 0.0 else 0.0

    def spent(self) -> dict[str, int]:
        """What has been taken since the last call, by key."""
        spent, self._spent = self._spent, {}
        return spent

    def spent_elsewhere(self, key: str, tokens: int, now: float) -> None:
        """Take what other gateways have given out of the same bucket; there may be a debt afterwards."""
        if key not in self._full:
            self._make_room(now)
        self._full[key] = max(self._full.get(key, now), now) + tokens * self._interval

    def seconds_until_full(self, left: float) -> int:
        """In whole seconds, of a bucket with so many tokens."""
        return max(0, math.ceil((self.rate.burst - left) * self._interval))

    def seconds_until_next(self, left: float) -> int:
        """Whole seconds until there is a token again, of a bucket that lacks `-left`."""
        return max(1, math.ceil(-left * self._interval))

    def _make_room(self, now: float) -> None:
        """For each new bucket, look at the two oldest: remove full ones, and any above the limit."""
        for _ in range(min(2, len(self._full))):
            key, full = self._full.popitem(last=False)
            if full > now and len(self._full) < self._max_buckets - 1:
                self._full[key] = full
