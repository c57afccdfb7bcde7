"""Deletes old finished deliveries, some at a time."""

from __future__ import annotations

import time
from datetime import timedelta

from libs.shared import clock
from libs.shared.contracts.context import AppRef
from libs.shared.postgres.databases import Databases
from services.webhook import store
from services.webhook.settings import WebhookSettings

PRUNE_EVERY_S = 60.0
"""Seconds between two looks at an app."""
MAX_REMEMBERED = 10_000


class Pruning:
    """When each app was pruned last."""

    def __init__(self, databases: Databases, settings: WebhookSettings) -> None:
        self._databases = databases
        self._kept = timedelta(days=settings.webhook_log_days)
        self._looked: dict[str, float] = {}

    async def look(self, app: AppRef) -> None:
        """Delete some old deliveries, unless the app was pruned within PRUNE_EVERY_S."""
        now = time.monotonic()
        if now - self._looked.get(app.id, -PRUNE_EVERY_S) < PRUNE_EVERY_S:
            return
        if len(self._looked) >= MAX_REMEMBERED:
            self._looked.clear()
        self._looked[app.id] = now
        await store.prune(self._databases.of(app), clock.now() - self._kept)
