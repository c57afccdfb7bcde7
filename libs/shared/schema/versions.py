"""What a service makes of an app's definitions: of today's, and of those that there were at an older schema version.

A commit is handled by the definitions of its own version, whenever that is. Where they have moved on already they come
from metadata's history; so what a commit comes to does not depend on when it is handled.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Generic, Protocol, TypeVar

from libs.shared.bus.rpc.client import RpcClient
from libs.shared.contracts.apps import GetDefinitionsAsOf
from libs.shared.contracts.context import AppRef, system_context
from libs.shared.contracts.streams import CommitEvent
from libs.shared.errors import unavailable
from libs.shared.schema.cache import Schemas
from libs.shared.schema.compiled import Compiled
from libs.shared.schema.snapshot import Snapshot

MOST = 2_000
"""Versions that are remembered, of all apps."""
PATIENCE = 5.0
"""Seconds that asking for one may take."""


class Versioned(Protocol):
    """What is made of the definitions of one version."""

    @property
    def version(self) -> int:
        """The schema version."""


V = TypeVar("V", bound=Versioned)


class Versions(Generic[V]):
    """The forms of all apps that a process works for.

    `make` makes one of a snapshot and is pure; `make_past(app, version, today)` makes the one of an older version, as
    it looks beside today's.
    """

    def __init__(
        self, schemas: Schemas, make: Callable[[Snapshot], V], make_past: Callable[[AppRef, int, V], Awaitable[V]]
    ) -> None:
        self._today = Compiled(schemas, make)
        self._make_past = make_past
        self._past: OrderedDict[tuple[str, int], tuple[V, V]] = OrderedDict()
        """App and version → the form of then, and what was today's when it was made: itself, for the newest."""

    async def load(self, app: AppRef, at_least: int = 0) -> V:
        """Today's form, of version `at_least` or newer. Raises what asking metadata raises."""
        return await self._today.load(app, at_least)

    async def prepare(self, app: AppRef, versions: Iterable[int]) -> None:
        """Have the forms of these versions at hand for `of` and `at`, whatever is loaded meanwhile.

        Raises what asking metadata raises.
        """
        wanted = set(versions)
        today = await self.load(app, max(wanted, default=0))
        # The newest first: by the time that the others are there it may be one of them.
        for version in sorted(wanted, reverse=True):
            if not self._is_known(app, version, today):
                then = today if version >= today.version else await self._make_past(app, version, today)
                self._past[app.id, version] = then, today
            self._past.move_to_end((app.id, version))
            while len(self._past) > MOST:
                self._past.popitem(last=False)

    def today(self, app: AppRef) -> V:
        """The newest form that has been loaded."""
        return self._today.of(app)

    def of(self, app: AppRef, event: CommitEvent) -> V:
        """The form that holds for a commit, which `prepare` has brought."""
        return self.at(app, event.schema_version)

    def at(self, app: AppRef, version: int) -> V:
        """The form of a version, which `prepare` has brought.

        Raises SERVICE_UNAVAILABLE if it had to make room meanwhile; no other version's is ever given for it.
        """
        today = self._today.of(app)
        if version >= today.version:
            return today
        known = self._past.get((app.id, version))
        if known is None:
            raise unavailable("schema")
        return known[0]

    def _is_known(self, app: AppRef, version: int, today: V) -> bool:
        # Which definitions are still there, and what they are called, is a matter of today.
        known = self._past.get((app.id, version))
        return known is not None and known[1] is today


async def documents_then(rpc: RpcClient, app: AppRef, kind: str, version: int) -> list[Mapping[str, Any]]:
    """The definitions of a kind that there were at a version. Raises what asking metadata raises."""
    answer = await rpc.request(GetDefinitionsAsOf(kind, version), system_context(PATIENCE, app))
    return list(answer.documents)
