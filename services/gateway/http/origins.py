"""Which origins each app lets in: asked of metadata when a browser comes, and remembered for a while."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Collection

from aiohttp import web

from libs.shared.contracts.apps import AppsChanged, FindOrigins
from libs.shared.errors import RocketError
from services.gateway.http import authentication
from services.gateway.state import State

FRESH = 15.0
"""Seconds after which an app is asked about again, in case an announcement was lost."""
MOST = 1_000
"""Apps that are remembered."""


class Origins:
    """The origins of apps, by their names."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._known: OrderedDict[str, tuple[float, frozenset[str]]] = OrderedDict()
        state.core.connection.on_announcement(AppsChanged, self._forget)

    async def of_app(self, request: web.Request, name: str) -> Collection[str]:
        """What the app of this name has named; nothing if it is not there, or can't be asked about."""
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
        self._known[name] = (time.monotonic() + FRESH, origins)
        if len(self._known) > MOST:
            self._known.popitem(last=False)
        return origins

    def _forget(self, change: AppsChanged) -> None:
        self._known.pop(change.app_name, None)
