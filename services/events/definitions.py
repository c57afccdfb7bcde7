"""The schemas that commits are audited with: loaded before a transaction, at hand within it."""

from __future__ import annotations

from collections import OrderedDict

from libs.shared.contracts.context import AppRef
from libs.shared.errors import unavailable
from libs.shared.schema import Snapshot
from libs.shared.schema.cache import Schemas

MAX_APPS = 1000
"""Apps whose schema is at hand; the ones longest unused go first."""


class Definitions:
    """The newest schema seen of each app in use."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._known: OrderedDict[str, Snapshot] = OrderedDict()

    async def load(self, app: AppRef, at_least: int) -> None:
        """Have the schema at `at_least` or newer. Raises SERVICE_UNAVAILABLE when metadata is away."""
        self._known[app.id] = await self._schemas.get(app, at_least)
        self._known.move_to_end(app.id)
        while len(self._known) > MAX_APPS:
            self._known.popitem(last=False)

    def of(self, app: AppRef) -> Snapshot:
        """The loaded schema. Raises SERVICE_UNAVAILABLE when it has been forgotten since."""
        snapshot = self._known.get(app.id)
        if snapshot is None:
            raise unavailable("schema")
        return snapshot
