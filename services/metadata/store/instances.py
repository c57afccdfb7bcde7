"""Running workflow instances, whose pinned definitions follow renames in the transaction of the rename."""

from __future__ import annotations

from collections.abc import Mapping

from libs.shared import exact
from libs.shared.postgres.databases import Connection
from libs.shared.schema.renaming import rename_in

# Functions of the workflow service (services/workflow/sql/app); the first keeps others from starting any meanwhile.
RUNNING = "SELECT definition FROM workflow.running_definitions()"
FOLLOW = """
SELECT workflow.follow_rename($1::text[], $2::text[], _v.version, $3, $4, $5) FROM metadata.schema_version _v
"""


async def follow(transaction: Connection, name: str, new_name: str, renamed: Mapping[str, str]) -> None:
    """Have the definitions of all running instances name an entity and its fields as they are called from now on."""
    before, after = list[str](), list[str]()
    for row in await transaction.fetch(RUNNING):
        document = exact.loads(row["definition"])
        followed = rename_in(document, name, new_name, renamed)
        if followed != document:
            before.append(row["definition"])
            after.append(exact.dumps(followed).decode())
    await transaction.execute(FOLLOW, before, after, name, new_name, exact.dumps(dict(renamed)).decode())
