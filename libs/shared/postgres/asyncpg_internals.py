"""The one adapter to what asyncpg keeps private; tests/unit/shared/postgres/test_asyncpg_internals.py watches it.

asyncpg asks each new connection about types that it has no codec for, and `set_type_codec` asks once more. Each
question is 100 lines of SQL that cost the server more than anything else that a first request to an app does, and the
answers for PostgreSQL's own types are the same everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import asyncpg

FIRST_ASSIGNED_OID = 10_000
"""Below this the ids of types are the same in every database of every server."""


class SharedTypesConnection(asyncpg.Connection):  # not generic at run time
    """A connection that knows what other connections of this process have learned of PostgreSQL's own types."""

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
    """Have a connection encode and decode one of PostgreSQL's own types by these functions, over tuples."""
    settings = connection._protocol.get_settings()
    settings.add_python_codec(oid, name, "pg_catalog", [], "scalar", encode, decode, "tuple")
