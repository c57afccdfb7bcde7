"""What a consumer has found out ahead of its transaction, kept until the transaction writes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from libs.shared.contracts.context import AppRef
from libs.shared.contracts.streams import CommitEvent
from libs.shared.errors import unavailable
from services.notify.fan_out import FanOut

MOST = 20_000
"""Events planned at once; more than all partitions can have under way."""


class Plans:
    """What is told, by app and commit."""

    def __init__(self) -> None:
        self._plans: dict[tuple[str, str], Sequence[FanOut]] = {}

    def keep(self, app: AppRef, event: CommitEvent, planned: Sequence[FanOut]) -> None:
        """Remember the plan of one event, in place of an older one."""
        while len(self._plans) >= MOST:
            self._plans.pop(next(iter(self._plans)))
        self._plans[app.id, event.key] = planned

    def take(self, app: AppRef, event: CommitEvent) -> Sequence[FanOut]:
        """The plan, once. Raises SERVICE_UNAVAILABLE if there is none: then it is made again."""
        planned = self._plans.pop((app.id, event.key), None)
        if planned is None:
            raise unavailable("notify")
        return planned

    def forget(self, app: AppRef, events: Iterable[CommitEvent]) -> None:
        """Drop what was not taken, as its events had been handled before."""
        for event in events:
            self._plans.pop((app.id, event.key), None)
