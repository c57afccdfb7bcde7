"""What a service makes of an app's schema, made once per version and at hand within transactions."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from libs.shared.contracts.context import AppRef
from libs.shared.errors import unavailable
from libs.shared.schema.cache import Schemas
from libs.shared.schema.snapshot import Snapshot

T = TypeVar("T")

MAX_APPS = 1_000
"""Apps whose compiled form is kept; the ones longest unused go first."""


class Compiled(Generic[T]):
    """The compiled schemas of all apps a process works for. `make` is pure."""

    def __init__(self, schemas: Schemas, make: Callable[[Snapshot], T]) -> None:
        self._schemas = schemas
        self._make = make
        self._known: OrderedDict[str, tuple[Snapshot, T]] = OrderedDict()

    async def load(self, app: AppRef, at_least: int = 0) -> T:
        """The form for schema version `at_least` or newer. Raises what asking metadata raises."""
        return self.made(app, await self._schemas.get(app, at_least))

    def made(self, app: AppRef, schema: Snapshot) -> T:
        """The form of this very snapshot."""
        known = self._known.get(app.id)
        if known is not None and known[0].version > schema.version:
            # Whoever waited for a load that others have overtaken; what they have at hand stays.
            return self._make(schema)
        if known is None or known[0] is not schema:
            known = self._known[app.id] = (schema, self._make(schema))
            while len(self._known) > MAX_APPS:
                self._known.popitem(last=False)
        self._known.move_to_end(app.id)
        return known[1]

    def of(self, app: AppRef) -> T:
        """What `load` has loaded just before. Raises SERVICE_UNAVAILABLE if it had to make room meanwhile."""
        known = self._known.get(app.id)
        if known is None:
            raise unavailable("schema")
        return known[1]
