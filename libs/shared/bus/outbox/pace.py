"""How long a relay lets commits gather, by their rate. Pure."""

from __future__ import annotations

MAX_PAUSE_S = 0.01
"""Seconds that commits gather under full load: one reading and publishing for many costs little more than for one."""
LIGHT_PER_S, FULL_PER_S = 300.0, 900.0
"""Commits a second below which nobody waits, and from which on all wait the longest time."""
WEIGHT = 0.2
"""Of the newest look, in the moving average of the rate."""
MIN_ELAPSED_S = 0.001
"""Seconds between two looks at least: less says nothing about a rate."""


class Pace:
    """The rate of commits as a relay sees it, and the pause that it asks for."""

    def __init__(self) -> None:
        self.rate = 0.0

    def pause(self, published: int, elapsed: float) -> float:
        """Seconds to let commits gather, after `published` of them within `elapsed` seconds."""
        rate = published / max(elapsed, MIN_ELAPSED_S)
        self.rate += WEIGHT * (rate - self.rate)
        return MAX_PAUSE_S * min(1.0, max(0.0, (self.rate - LIGHT_PER_S) / (FULL_PER_S - LIGHT_PER_S)))
