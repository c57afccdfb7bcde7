"""How long a relay lets commits gather, by their rate. Pure."""

from __future__ import annotations

MAX_PAUSE_S = 0.01
"""Seconds that commits gather under full load: one reading and publishing for many costs little more than for one."""
LIGHT_PER_S, FULL_PER_S = 300.0, 900.0
"""Commits per second below which there is no pause, and from which on the pause is the longest."""
WEIGHT = 0.2
"""The weight of the newest reading in the moving average of the rate."""
MIN_ELAPSED_S = 0.001
"""The shortest time between readings that is used to compute a rate."""


class Pace:
    """The rate of commits as a relay sees it, and the pause that it asks for."""

    def __init__(self) -> None:
        self.rate = 0.0

    def pause(self, published: int, elapsed: float) -> float:
        """Seconds to let commits gather, after `published` of them within `elapsed` seconds."""
        rate = published / max(elapsed, MIN_ELAPSED_S)
        self.rate += WEIGHT * (rate - self.rate)
        return MAX_PAUSE_S * min(1.0, max(0.0, (self.rate - LIGHT_PER_S) / (FULL_PER_S - LIGHT_PER_S)))
