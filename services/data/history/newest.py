"""The newest changes of an entity's records, as far as the caller may see them."""

from __future__ import annotations

from typing import Any

from libs.shared.contracts.context import Identity
from libs.shared.postgres.databases import Connection
from services.data.history.commits import commit_fields, serialize_entry
from services.data.history.entry_visibility import entity_conditions, load_disclosed
from services.data.log.entries import COLUMNS, LOG
from services.data.model import EntityModel
from services.data.query.scope import Scope
from services.data.query.visibility import with_typed


async def load_newest(
    connection: Connection, scope: Scope, entity: EntityModel, caller: Identity, most: int, as_of: int | None
) -> list[dict[str, Any]]:
    """At most `most` changes up to the position `as_of`, newest first. Raises FORBIDDEN.

    The log is read backwards, so an entity that has long not changed costs as much as what was written since.
    """
    number, seen, known = entity_conditions(scope, entity)
    first = len(scope.values) + 1
    until = f" AND _log.position <= ${first + 2}::bigint" if as_of is not None else ""
    sql = (
        f"SELECT {COLUMNS}, ({known}) AS known FROM {LOG} WHERE _log.entity = ${first}::int AND ({seen}){until} "
        f"ORDER BY _log.position DESC, _log.n DESC LIMIT ${first + 1}::bigint"
    )
    given = (*scope.values, number, most, *([] if as_of is None else [as_of]))
    rows = await connection.fetch(with_typed(scope.views, sql), *given)
    model = scope.model
    disclosed = await load_disclosed(connection, model, caller, rows)
    return [{**commit_fields(row), **serialize_entry(model.schema, row, disclosed)} for row in rows]
