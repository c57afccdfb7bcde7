"""Caches what a service compiles from the schema of each app, for use within transactions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from cachetools import LRUCache

from libs.shared.contracts.context import AppRef
from libs.shared.errors import unavailable
from libs.shared.schema.snapshot import Snapshot
from libs.shared.snapshots.cache import Schemas

T = TypeVar("T")

MAX_APPS = 1_000
"""Apps whose compiled schema is cached; the least recently used ones are evicted."""


class Compiled(Generic[T]):
    """The compiled schemas of all apps that a process serves. `make` is pure."""

    def __init__(self, schemas: Schemas, make: Callable[[Snapshot], T]) -> None:
        self._schemas = schemas
        self._make = make
        self._known: LRUCache[str, tuple[Snapshot, T]] = LRUCache(MAX_APPS)

    async def load(self, app: AppRef, at_least: int = 0) -> T:
        """The compiled schema of version `at_least` or newer. Raises what asking metadata raises."""
        return self.made(app, await self._schemas.get(app, at_least))

    def made(self, app: AppRef, schema: Snapshot) -> T:
        """The compiled form of this snapshot."""
        known = self._known.get(app.id)
        if known is not None and known[0].version > schema.version:
            # An older snapshot was awaited while a newer one was cached; the newer one stays.
            return self._make(schema)
        if known is None or known[0] is not schema:
            known = self._known[app.id] = (schema, self._make(schema))
        return known[1]

    def of(self, app: AppRef) -> T:
        """What `load` has loaded just before. Raises SERVICE_UNAVAILABLE if it was evicted meanwhile."""
        known = self._known.get(app.id)
        if known is None:
            raise unavailable("schema")
        return known[1]
