"""The notification rules of each app, compiled once per schema version."""

from __future__ import annotations

from libs.shared.contracts.context import AppRef
from libs.shared.errors import unavailable
from libs.shared.schema.cache import Schemas
from services.notify.matching import Book, read_book

MAX_APPS = 1_000
"""Books a process keeps; the oldest go first."""


class Books:
    """The books of all apps this process works for."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._known: dict[str, Book] = {}

    async def load(self, app: AppRef, at_least: int) -> Book:
        """The app's rules at schema version `at_least` or newer. Raises what asking metadata raises."""
        snapshot = await self._schemas.get(app, at_least)
        known = self._known.get(app.id)
        if known is None or known.version < snapshot.version:
            while len(self._known) >= MAX_APPS:
                self._known.pop(next(iter(self._known)))
            known = self._known[app.id] = read_book(snapshot.version, snapshot.documents.get("notification-rules", ()))
        return known

    def of(self, app: AppRef) -> Book:
        """What `load` has loaded just before. Raises SERVICE_UNAVAILABLE if it had to make room meanwhile."""
        known = self._known.get(app.id)
        if known is None:
            raise unavailable("schema")
        return known
