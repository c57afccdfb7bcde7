"""The inbox: the keys of events that a consumer has handled, so that a redelivered event has no second effect.

Keys are added in the transaction of the effect. The inbox of a service is its table `seen`.
"""

from __future__ import annotations

from collections.abc import Sequence

from libs.shared.contracts.streams import INBOX_DAYS
from libs.shared.postgres.databases import Connection, Database

ADD = """
INSERT INTO {schema}.seen (consumer, key) SELECT $1, key FROM unnest($2::text[]) AS key
ON CONFLICT DO NOTHING RETURNING key
"""
PRUNE = f"""
DELETE FROM {{schema}}.seen WHERE consumer = $1 AND at < now() - interval '{INBOX_DAYS} days'
"""


class Inbox:
    """The inbox of one consumer."""

    def __init__(self, service: str, consumer: str) -> None:
        self._consumer = consumer
        self._add = ADD.format(schema=service)
        self._prune = PRUNE.format(schema=service)

    async def add(self, transaction: Connection, keys: Sequence[str]) -> set[str]:
        """Add keys and return those that are new."""
        return {row["key"] for row in await transaction.fetch(self._add, self._consumer, keys)}

    async def prune(self, database: Database) -> None:
        """Delete keys older than any stream keeps its events: those can't be delivered again."""
        await database.execute(self._prune, self._consumer)
