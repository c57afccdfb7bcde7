"""Applies SQL files, each once, in the order of their names.

A folder of migrations belongs to a service and to a kind of database (`platform` or `app`). Files are named
`NNNN_name.sql`; numbers may repeat or be left out. `${schema}` in them is replaced by the schema of the service. A file
that changed after it was applied is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import asyncpg

LEDGER = """
CREATE TABLE IF NOT EXISTS public.migrations (
    service    text NOT NULL,
    name       text NOT NULL,
    checksum   text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (service, name)
)
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file with its text for one service."""

    service: str
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


class ChangedMigration(Exception):
    """An applied migration's text differs from the one in the tree."""


def load(folder: Path, service: str) -> list[Migration]:
    """The migrations in `folder`, in order, written for `service`."""
    return [
        Migration(
            service,
            f"{folder.parent.parent.name}/{path.name}",
            path.read_text().replace("${schema}", service),
        )
        for path in sorted(folder.glob("[0-9]*.sql"))
    ]


async def apply(connection: asyncpg.Connection, migrations: Iterable[Migration]) -> list[str]:
    """Apply the missing migrations, each in its own transaction, and return their names.

    Raises ChangedMigration if the text of an applied migration has changed.
    """
    await connection.execute(LEDGER)
    rows = await connection.fetch("SELECT service, name, checksum FROM public.migrations")
    applied = {(row["service"], row["name"]): row["checksum"] for row in rows}
    fresh = []
    for migration in migrations:
        known = applied.get((migration.service, migration.name))
        if known is None:
            await _apply_one(connection, migration)
            fresh.append(f"{migration.service}: {migration.name}")
        elif known != migration.checksum:
            raise ChangedMigration(f"{migration.service}: {migration.name} was changed after it was applied")
    return fresh


async def _apply_one(connection: asyncpg.Connection, migration: Migration) -> None:
    async with connection.transaction():
        # Run as the role of the service, so that the role owns the created objects.
        await connection.execute(f"SET LOCAL ROLE rocket_{migration.service}")
        await connection.execute(migration.sql)
        await connection.execute("RESET ROLE")
        await connection.execute(
            "INSERT INTO public.migrations (service, name, checksum) VALUES ($1, $2, $3)",
            migration.service,
            migration.name,
            migration.checksum,
        )
