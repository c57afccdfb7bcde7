"""The only adapter to private names of asyncpg; tests/unit/shared/postgres/test_asyncpg_internals.py checks them.

asyncpg queries the types without a codec on each new connection, and `set_type_codec` queries them again. The query has
100 lines and costs the server more than the rest of the first request to an app. Its result for PostgreSQL's built-in
types is the same in every database, so it is cached for the process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import asyncpg

FIRST_ASSIGNED_OID = 10_000
"""Object ids below this are assigned by PostgreSQL itself and are the same in every database."""


class SharedTypesConnection(asyncpg.Connection):  # not generic at run time
    """A connection that shares the introspection of built-in types with all connections of the process."""

    _known: ClassVar[dict[frozenset[int], Any]] = {}

    async def _introspect_types(self, oids: Iterable[int], timeout: float) -> Any:
        wanted = frozenset(oids)
        if wanted in self._known:
            return self._known[wanted]
        found = await super()._introspect_types(oids, timeout)  # type: ignore[misc]
        if max(wanted) < FIRST_ASSIGNED_OID:
            self._known[wanted] = found
        return found


def set_codec(connection: Any, oid: int, name: str, encode: Callable[[Any], Any], decode: Callable[[Any], Any]) -> None:
    """Set the functions by which a connection encodes and decodes a built-in type, in asyncpg's tuple format."""
    settings = connection._protocol.get_settings()
    settings.add_python_codec(oid, name, "pg_catalog", [], "scalar", encode, decode, "tuple")
