"""The days that have a partition, remembered per app, and the days that are too old to have one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from libs.shared import clock
from libs.shared.contracts.context import AppRef
from libs.shared.postgres.databases import Databases, outside_ambient_transaction
from services.events import store

MAX_DAYS = 20_000
"""Days remembered, over all apps."""


class Partitions:
    """The day partitions as one process knows them."""

    def __init__(self, databases: Databases) -> None:
        self._databases = databases
        self._known: set[tuple[str, date]] = set()

    def since(self, retention_days: int) -> datetime:
        """The oldest moment whose events are kept."""
        return clock.now() - timedelta(days=retention_days)

    def oldest_day(self, retention_days: int) -> date:
        """The day of that moment. Earlier partitions may be dropped."""
        return self.since(retention_days).astimezone(UTC).date()

    async def ensure(self, app: AppRef, days: Iterable[date], retention_days: int) -> None:
        """Make the partitions of `days` that are missing; too old ones are left out."""
        oldest = self.oldest_day(retention_days)
        for day in days:
            if day >= oldest and (app.id, day) not in self._known:
                with outside_ambient_transaction():
                    await store.ensure_day(self._databases.of(app), day)
                if len(self._known) >= MAX_DAYS:
                    self._known.clear()
                self._known.add((app.id, day))
