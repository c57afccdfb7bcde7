"""A cache of the apps that the metadata service knows; announcements invalidate its entries."""

from __future__ import annotations

import time

from libs.shared.bus.nats.connection import Connection
from libs.shared.bus.rpc.client import RpcClient
from libs.shared.contracts.apps import AppsChanged, FindApps
from libs.shared.contracts.context import AppRef, Context, system_context

MAX_AGE_S = 15.0
"""Seconds after which a cached app is loaded again, because an announcement may have been lost."""


class Apps:
    """Apps by name and by id."""

    def __init__(self, rpc: RpcClient) -> None:
        self._rpc = rpc
        self._known: dict[str, tuple[float, AppRef]] = {}

    def listen(self, connection: Connection) -> None:
        """Drop an app from the cache when its change is announced."""

        def forget(change: AppsChanged) -> None:
            self.forget(change.app_id)
            self.forget(change.app_name)

        connection.on_announcement(AppsChanged, forget)

    async def by_name(self, name: str) -> AppRef | None:
        """The app of this name, or None. Raises SERVICE_UNAVAILABLE if it is not cached and metadata is unavailable."""
        return await self._find(name, FindApps(app_name=name))

    async def by_id(self, app_id: str) -> AppRef | None:
        """The app of this id, or None when it is gone."""
        return await self._find(app_id, FindApps(app_id=app_id))

    async def all(self) -> list[AppRef]:
        """All active apps, loaded from metadata."""
        found = await self._rpc.request(FindApps(), _context())
        return [AppRef(*app) for app in found.apps]

    def remembers(self, name: str) -> bool:
        """Whether the app of this name is cached."""
        return name in self._known

    def forget(self, key: str) -> None:
        """Drop an entry, so that the next use loads it again."""
        self._known.pop(key, None)

    async def _find(self, key: str, request: FindApps) -> AppRef | None:
        known = self._known.get(key)
        if known and known[0] > time.monotonic():
            return known[1]
        try:
            found = await self._rpc.request(request, _context())
        except Exception:
            # Apps that are already served must not stop when metadata is unavailable.
            if known:
                return known[1]
            raise
        if not found.apps:
            self.forget(key)
            return None
        app = AppRef(*found.apps[0])
        self._known[key] = (time.monotonic() + MAX_AGE_S, app)
        return app


def _context() -> Context:
    return system_context(5)
