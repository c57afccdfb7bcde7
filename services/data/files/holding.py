"""Which records hold a file, of those that a caller may read."""

from __future__ import annotations

from libs.shared.errors import RocketError
from services.data.query.compiler import Compiler
from services.data.query.lists import VERSION
from services.data.query.scope import Scope
from services.data.query.shapes import Criteria
from services.data.query.sources import Tables


def held_sql(scope: Scope, slot: int) -> str:
    """Whether any record that the caller may read holds the file whose id is the value at `slot`: columns
    schema_version, held."""
    compiler = Compiler(scope.model, Tables())
    holders = [f"${slot}::text IS NULL"]
    for name in scope.model.schema.entities:
        entity = scope.model.entity(name)
        fields = [field.name for field in entity.files if field.name in scope.fields(entity)]
        if not fields:
            continue
        try:
            visible = scope.visible(entity)
        except RocketError:
            continue
        held = " OR ".join(f"{compiler.value(entity, '_r', f, visible)} ->> 'id' = ${slot}::text" for f in fields)
        where = compiler.matches(entity, "_r", Criteria(visible))
        holders.append(f"EXISTS (SELECT FROM {entity.table} _r WHERE {where} AND ({held}))")
    return compiler.statement(f"SELECT {VERSION} AS schema_version, ({' OR '.join(holders)}) AS held")
