"""The loop that works on due rows: it claims some, works on them at the same time, and claims again until none is due.

Rows are claimed with SKIP LOCKED, so any number of replicas can work for the same app, for longer than the work takes.
If a replica dies, its claims lapse and the rows are due again. When a failed row is due again is for its own policy.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from libs.shared import clock
from libs.shared.bus.timers.due import Due
from libs.shared.contracts.context import AppRef

R = TypeVar("R")


class DueRows(Protocol[R]):
    """The due rows of a service."""

    async def claim(self, app: AppRef) -> Sequence[R]:
        """Claim some due rows. Other replicas can't claim them until the claim lapses."""
        ...

    async def work(self, app: AppRef, row: R) -> None:
        """Work on a claimed row. An exception ends this turn of the app, and the claim of the row lapses."""
        ...

    async def next_due(self, app: AppRef) -> datetime | None:
        """When a row is due next."""
        ...


class ClaimLoop(Generic[R]):
    """Works on the rows of all apps that are due.

    An app has its turn for `turn_s` seconds; then others have theirs. `looks_s` are the seconds after which an app is
    looked at again when nothing is due: a transaction may commit only after the look that it was armed for.
    """

    def __init__(self, due: Due, rows: DueRows[R], *, turn_s: float, looks_s: Sequence[float] = ()) -> None:
        self._due = due
        self._rows = rows
        self._turn = timedelta(seconds=turn_s)
        self._looks = [timedelta(seconds=each) for each in looks_s]
        self._idle_looks: dict[str, int] = {}

    async def run(self, drain_s: float = 0.0) -> None:
        """Work until cancelled; then finish the rows that were claimed within `drain_s` seconds."""
        await self._due.run(self._work, drain_s)

    async def _work(self, app: AppRef) -> datetime | None:
        """Work on the due rows of an app. Returns when to look at it again."""
        begun, found = clock.now(), False
        while not self._due.is_closing and (rows := await self._rows.claim(app)):
            found = True
            outcomes = await asyncio.gather(*(self._rows.work(app, row) for row in rows), return_exceptions=True)
            for outcome in outcomes:
                if isinstance(outcome, BaseException):
                    raise outcome
            if clock.now() - begun > self._turn:
                self._due.wake(app)
                return clock.now()
        moments = (await self._rows.next_due(app), self._next_look(app.id, found))
        return min((moment for moment in moments if moment), default=None)

    def _next_look(self, app_id: str, found: bool) -> datetime | None:
        looks = 0 if found else self._idle_looks.get(app_id, 0)
        if looks >= len(self._looks):
            self._idle_looks.pop(app_id, None)
            return None
        self._idle_looks[app_id] = looks + 1
        return clock.now() + self._looks[looks]
