"""How long to wait before a process that died is started again. Pure: time is handed in."""

from __future__ import annotations

FIRST_SECONDS = 0.1
LONGEST_SECONDS = 5.0
HEALTHY_SECONDS = 10.0


class Backoff:
    """Doubles from 0.1 s to 5 s; a process that ran for 10 s begins again at 0.1 s."""

    def __init__(self) -> None:
        self._next = FIRST_SECONDS

    def delay_after(self, ran_for: float) -> float:
        """The seconds to wait now, after a run of `ran_for` seconds."""
        if ran_for >= HEALTHY_SECONDS:
            self._next = FIRST_SECONDS
        delay, self._next = self._next, min(self._next * 2, LONGEST_SECONDS)
        return delay
