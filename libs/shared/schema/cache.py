"""Snapshots by app, remembered until they are known to be old.

A remembered snapshot may be behind; whoever decides with it must compare versions: data's statements
carry theirs as a fence, consumers ask for at least the version their event was committed under.
"""

from __future__ import annotations

import asyncio
from functools import partial

from libs.shared.bus.nats.connection import Connection
from libs.shared.bus.rpc.client import RpcClient
from libs.shared.contracts.apps import GetSchema, SchemaChanged
from libs.shared.contracts.context import AppRef, system_context
from libs.shared.errors import unavailable
from libs.shared.schema.snapshot import Snapshot

LOADS = 3
MAX_APPS = 1000
"""Snapshots a process remembers; the ones longest unused go first."""


class Schemas:
    """The snapshots of all apps this process works for."""

    def __init__(self, rpc: RpcClient) -> None:
        self._rpc = rpc
        self._known: dict[str, Snapshot] = {}
        self._loading: dict[str, asyncio.Task[Snapshot]] = {}

    def listen(self, connection: Connection) -> None:
        """Forget a snapshot, and what a load under way will bring, as soon as a newer one is announced."""

        def changed(change: SchemaChanged) -> None:
            known = self._known.get(change.app_id)
            if known is None or known.version < change.version:
                self.forget(change.app_id)

        connection.on_announcement(SchemaChanged, changed)

    def forget(self, app_id: str) -> None:
        """Load again at the next use. A load under way may bring what is old by now: only who waits for it has it."""
        self._known.pop(app_id, None)
        self._loading.pop(app_id, None)

    async def get(self, app: AppRef, at_least: int = 0) -> Snapshot:
        """The app's schema, at `at_least` or newer. Raises what asking metadata raises."""
        known = self._known.get(app.id)
        for _ in range(LOADS):
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
        """Remember what has been loaded, unless that was forgotten before it came."""
        if self._loading.get(app_id) is not loading:
            return
        del self._loading[app_id]
        if loading.cancelled() or loading.exception() is not None:
            return
        while len(self._known) >= MAX_APPS:
            self._known.pop(next(iter(self._known)))
        self._known[app_id] = loading.result()

    async def _load(self, app: AppRef) -> Snapshot:
        context = system_context(5, app)
        answer = await self._rpc.request(GetSchema(), context)
        return Snapshot.read(answer.version, answer.document)
