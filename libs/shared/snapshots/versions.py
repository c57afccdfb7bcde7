"""Caches what a service compiles from the definitions of an app: the current ones, and those of older versions.

A commit is handled by the definitions of its own schema version, so its effect does not depend on when it is handled.
Older definitions come from metadata's history.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Generic, Protocol, TypeVar

from cachetools import LRUCache

from libs.shared.bus.rpc.client import RpcClient
from libs.shared.contracts.context import AppRef, system_context
from libs.shared.contracts.schemas import GetDefinitionsAsOf
from libs.shared.contracts.streams import CommitEvent
from libs.shared.errors import unavailable
from libs.shared.schema.snapshot import Snapshot
from libs.shared.snapshots.cache import Schemas
from libs.shared.snapshots.compiled import Compiled

MAX_VERSIONS = 2_000
"""Versions that are cached, of all apps; the least recently used ones are evicted."""
TIMEOUT_S = 5.0
"""Limit of asking metadata for one."""


class Versioned(Protocol):
    """A compiled form of the definitions of one version."""

    @property
    def version(self) -> int:
        """The schema version."""


V = TypeVar("V", bound=Versioned)


class Versions(Generic[V]):
    """The compiled forms of all apps that a process serves, by version.

    `make` compiles a snapshot and is pure; `make_past(app, version, today)` compiles an older version, as it looks
    beside today's.
    """

    def __init__(
        self, schemas: Schemas, make: Callable[[Snapshot], V], make_past: Callable[[AppRef, int, V], Awaitable[V]]
    ) -> None:
        self._today = Compiled(schemas, make)
        self._make_past = make_past
        self._past: LRUCache[tuple[str, int], tuple[V, V]] = LRUCache(MAX_VERSIONS)
        """App and version → its form, and what was the current form when it was compiled: itself, for the newest."""

    async def load(self, app: AppRef, at_least: int = 0) -> V:
        """The current form, of version `at_least` or newer. Raises what asking metadata raises."""
        return await self._today.load(app, at_least)

    async def prepare(self, app: AppRef, versions: Iterable[int]) -> None:
        """Load the forms of these versions for `of` and `at`.

        Raises what asking metadata raises.
        """
        wanted = set(versions)
        today = await self.load(app, max(wanted, default=0))
        # The newest first: it may be an older one when the others are loaded.
        for version in sorted(wanted, reverse=True):
            if not self._is_known(app, version, today):
                then = today if version >= today.version else await self._make_past(app, version, today)
                self._past[app.id, version] = then, today

    def today(self, app: AppRef) -> V:
        """The newest form that has been loaded."""
        return self._today.of(app)

    def of(self, app: AppRef, event: CommitEvent) -> V:
        """The form that applies to a commit; `prepare` has loaded it."""
        return self.at(app, event.schema_version)

    def at(self, app: AppRef, version: int) -> V:
        """The form of a version; `prepare` has loaded it. Raises SERVICE_UNAVAILABLE if it was evicted meanwhile."""
        today = self._today.of(app)
        if version >= today.version:
            return today
        known = self._past.get((app.id, version))
        if known is None:
            raise unavailable("schema")
        return known[0]

    def _is_known(self, app: AppRef, version: int, today: V) -> bool:
        # Which definitions still exist, and what they are called, depends on the current version.
        known = self._past.get((app.id, version))
        return known is not None and known[1] is today


async def documents_then(rpc: RpcClient, app: AppRef, kind: str, version: int) -> list[Mapping[str, Any]]:
    """The definitions of a kind at a version. Raises what asking metadata raises."""
    response = await rpc.request(GetDefinitionsAsOf(kind, version), system_context(TIMEOUT_S, app))
    return list(response.documents)
