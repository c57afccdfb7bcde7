"""Renames in the definitions that running workflow instances are pinned to, in the transaction of the rename."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from libs.shared import exact
from libs.shared.postgres.databases import Connection
from libs.shared.schema.renaming import rename_in

# Functions of the workflow service (services/workflow/sql/app). The first one keeps new instances from starting.
LIST_RUNNING = "SELECT definition FROM workflow.running_definitions()"
RENAME = """
SELECT workflow.follow_rename($1::text[], $2::text[], _v.version, $3, $4, $5) FROM metadata.schema_version _v
"""


Rewrite = Callable[[dict[str, Any]], dict[str, Any]]
"""Changes the texts of a definition: expressions, templates and paths."""


async def rename(
    transaction: Connection, name: str, new_name: str, renamed: Mapping[str, str], rewrite: Rewrite
) -> None:
    """Rename an entity and its fields in the definitions of all running instances, texts and keys."""
    before, after = list[str](), list[str]()
    for row in await transaction.fetch(LIST_RUNNING):
        document = exact.loads(row["definition"])
        changed = rename_in(rewrite(document), name, new_name, renamed)
        if changed != document:
            before.append(row["definition"])
            after.append(exact.dumps(changed).decode())
    await transaction.execute(RENAME, before, after, name, new_name, exact.dumps(dict(renamed)).decode())
