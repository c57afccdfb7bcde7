"""The version of the app's schema, as its database has it."""

from __future__ import annotations

from libs.shared.postgres.databases import Connection, Database
from libs.shared.postgres.errors import SchemaMoved
from services.data.model.model import Model

CURRENT_VERSION = "SELECT version FROM metadata.schema_version"


async def current_version(connection: Connection | Database) -> int:
    """The version in the app's database."""
    version: int = await connection.fetchval(CURRENT_VERSION)
    return version


async def check_current(connection: Connection | Database, model: Model) -> None:
    """Raise SchemaMoved when the schema is no longer the model's.

    For statements that do not say which version they ran under, such as those over the log.
    """
    if await current_version(connection) != model.version:
        raise SchemaMoved
