"""The origins that each app admits: requested from metadata when a browser calls, and cached for a while."""

from __future__ import annotations

import time
from collections.abc import Collection

from aiohttp import web
from cachetools import LRUCache

from libs.shared.contracts.apps import AppsChanged, FindOrigins
from libs.shared.errors import RocketError
from services.gateway.http import authentication
from services.gateway.state import State

MAX_AGE_S = 15.0
"""Seconds after which the origins of an app are requested again, in case an announcement was lost."""
MAX_APPS = 1_000
"""Apps whose origins are cached."""


class OriginCache:
    """The origins of apps, by their names."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._known: LRUCache[str, tuple[float, frozenset[str]]] = LRUCache(MAX_APPS)
        state.core.connection.on_announcement(AppsChanged, self._forget)

    async def of_app(self, request: web.Request, name: str) -> Collection[str]:
        """The origins of the app of this name; none if it is not there, or metadata does not answer."""
        known = self._known.get(name)
        if known and known[0] > time.monotonic():
            return known[1]
        context = authentication.begin_request(self._state, request)
        try:
            app = await authentication.find_app(self._state, request, context, name)
            found = await self._state.core.rpc.request(FindOrigins(), context.for_app(app))
        except RocketError:
            return known[1] if known else ()
        origins = frozenset(found.origins)
        self._known[name] = (time.monotonic() + MAX_AGE_S, origins)
        return origins

    def _forget(self, change: AppsChanged) -> None:
        self._known.pop(change.app_name, None)
