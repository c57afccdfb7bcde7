"""Caches the schema snapshot of each app until a newer version is announced.

A cached snapshot may be old, so versions are compared where it matters: data's statements carry theirs as a fence, and
consumers demand at least the version that their event was committed under.
"""

from __future__ import annotations

import asyncio
from functools import partial

from cachetools import LRUCache

from libs.shared.bus.nats.connection import Connection
from libs.shared.bus.rpc.client import RpcClient
from libs.shared.contracts.context import AppRef, system_context
from libs.shared.contracts.schemas import GetSchema, SchemaChanged
from libs.shared.errors import unavailable
from libs.shared.schema.snapshot import Snapshot

MAX_LOADS = 3
"""Loads in a row that one caller waits for."""
MAX_APPS = 1_000
"""Snapshots that a process caches; the least recently used ones are evicted."""


class Schemas:
    """The snapshots of all apps this process works for."""

    def __init__(self, rpc: RpcClient) -> None:
        self._rpc = rpc
        self._known: LRUCache[str, Snapshot] = LRUCache(MAX_APPS)
        self._loading: dict[str, asyncio.Task[Snapshot]] = {}

    def listen(self, connection: Connection) -> None:
        """Forget a snapshot, and the result of a load under way, when a newer version is announced."""

        def changed(change: SchemaChanged) -> None:
            known = self._known.get(change.app_id)
            if known is None or known.version < change.version:
                self.forget(change.app_id)

        connection.on_announcement(SchemaChanged, changed)

    def forget(self, app_id: str) -> None:
        """Load again at the next use. The result of a load under way may be old, so it is not cached."""
        self._known.pop(app_id, None)
        self._loading.pop(app_id, None)

    async def get(self, app: AppRef, at_least: int = 0) -> Snapshot:
        """The app's schema, at `at_least` or newer. Raises what asking metadata raises."""
        known = self._known.get(app.id)
        for _ in range(MAX_LOADS):
            if known is not None and known.version >= at_least:
                return known
            # A load under way may have begun before `at_least` was committed; then one more is due.
            known = await self._join_load(app)
        if known is None or known.version < at_least:
            raise unavailable("schema")
        return known

    async def _join_load(self, app: AppRef) -> Snapshot:
        loading = self._loading.get(app.id)
        if loading is None:
            loading = self._loading[app.id] = asyncio.create_task(self._load(app))
            loading.add_done_callback(partial(self._loaded, app.id))
        return await asyncio.shield(loading)

    def _loaded(self, app_id: str, loading: asyncio.Task[Snapshot]) -> None:
        """Cache a loaded snapshot, unless it was forgotten meanwhile."""
        if self._loading.get(app_id) is not loading:
            return
        del self._loading[app_id]
        if loading.cancelled() or loading.exception() is not None:
            return
        self._known[app_id] = loading.result()

    async def _load(self, app: AppRef) -> Snapshot:
        context = system_context(5, app)
        response = await self._rpc.request(GetSchema(), context)
        return Snapshot.read(response.version, response.document)
