"""How long to wait before a process that died is restarted. Pure: time is a parameter."""

from __future__ import annotations

FIRST_PAUSE_S = 0.1
MAX_PAUSE_S = 5.0
HEALTHY_AFTER_S = 10.0


class Backoff:
    """A delay that doubles from 0.1 s to 5 s; after a run of 10 s it starts again at 0.1 s."""

    def __init__(self) -> None:
        self._next = FIRST_PAUSE_S

    def delay_after(self, ran_for: float) -> float:
        """Seconds to wait after a run of `ran_for` seconds."""
        if ran_for >= HEALTHY_AFTER_S:
            self._next = FIRST_PAUSE_S
        delay, self._next = self._next, min(self._next * 2, MAX_PAUSE_S)
        return delay
