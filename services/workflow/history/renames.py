"""Renames of entities and fields, followed by what instances are pinned to and by what they are about to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from libs.shared import exact
from libs.shared.postgres.databases import Connection, Database
from libs.shared.schema.renaming import rename_in
from services.workflow.history.instances import StoredInstance

# The renames since a version of the schema, in their order.
SINCE = "SELECT entity, new_name, fields::text AS fields FROM workflow.renames WHERE version >= $1 ORDER BY id"
UNFOLLOWED = """
SELECT id, entity, new_name, fields::text AS fields FROM workflow.renames WHERE version >= $1 AND id > $2 ORDER BY id
"""
FOLLOW = "UPDATE workflow.instances SET followed = $2::jsonb, entity = $3 WHERE id = $1"


async def followed(
    database: Connection | Database, instance: StoredInstance, document: Mapping[str, Any]
) -> dict[str, Any]:
    """A command with the names of today."""
    changed: Any = document
    for each in await since(database, instance):
        changed = rename_in(changed, each["entity"], each["new_name"], each["fields"])
    return dict(changed)


async def since(connection: Connection | Database, instance: StoredInstance) -> list[dict[str, Any]]:
    """The renames that an instance has not followed yet, in their order."""
    rows = await connection.fetch(UNFOLLOWED, instance.origin.schema_version or 0, instance.state.renames)
    name, found = instance.origin.entity, list[dict[str, Any]]()
    # The instance has the name of today; the names before it are found backwards.
    for row in reversed(rows):
        own = row["new_name"] == name
        name = row["entity"] if own else name
        fields = exact.loads(row["fields"])
        found.append(
            {"id": row["id"], "entity": row["entity"], "new_name": row["new_name"], "fields": fields, "own": own}
        )
    return found[::-1]


async def follow(
    transaction: Connection, instance_id: str, document: Mapping[str, Any], entity: str | None, schema_version: int
) -> None:
    """Apply renames since its commit to an instance that was just stored."""
    changed: Any = document
    for row in await transaction.fetch(SINCE, schema_version):
        changed = rename_in(changed, row["entity"], row["new_name"], exact.loads(row["fields"]))
        entity = row["new_name"] if entity == row["entity"] else entity
    if changed != document:
        await transaction.execute(FOLLOW, instance_id, exact.dumps(changed).decode(), entity)
