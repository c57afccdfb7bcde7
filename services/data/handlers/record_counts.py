"""The number of records of each entity: exact where the tables are small, else as the statistics say."""

from __future__ import annotations

from libs.shared.contracts.figures import CountFigures, Figures
from libs.shared.schema import DELETED
from services.data.model import EntityModel, quote
from services.data.request.context import RequestContext
from services.data.request.schema_fence import under_schema

MAX_COUNTED_BYTES = 16 * 1024 * 1024
"""Size of the tables that are counted row by row, all together; the smallest first."""
MAX_COUNTED_TABLES = 500
SIZES = """
SELECT _c.relname AS name, _c.reltuples::bigint AS rows, pg_relation_size(_c.oid) AS bytes
FROM pg_class _c WHERE _c.relnamespace = 'records'::regnamespace AND _c.relkind = 'r' AND _c.relname = ANY($1::text[])
"""


@under_schema
async def count_records(ctx: RequestContext, request: CountFigures) -> Figures:
    entities = {name: ctx.model.entity(name) for name in ctx.model.schema.entities}
    by_table = {entity.definition.table: name for name, entity in entities.items()}
    sizes = await ctx.database.fetch(SIZES, list(by_table), timeout=ctx.context.remaining())
    small, counts = countable([(by_table[row["name"]], row["rows"], row["bytes"]) for row in sizes])
    if small:
        row = await ctx.database.fetchrow(
            f"SELECT {', '.join(_count(entities[name], number) for number, name in enumerate(small))}",
            timeout=ctx.context.remaining(),
        )
        counts |= dict(zip(small, row.values(), strict=True)) if row else {}
    return Figures(counts, [name for name in counts if name not in small])


def countable(sizes: list[tuple[str, int, int]]) -> tuple[list[str], dict[str, int]]:
    """Of (entity, estimated rows, bytes): the entities to be counted, and the estimates of the others. Pure."""
    counted: list[str] = []
    estimates: dict[str, int] = {}
    total = 0
    for name, rows, size in sorted(sizes, key=lambda each: each[2]):
        total += size
        if total <= MAX_COUNTED_BYTES and len(counted) < MAX_COUNTED_TABLES:
            counted.append(name)
        else:
            estimates[name] = max(0, rows)  # -1 for a table that was never analyzed
    return counted, estimates


def _count(entity: EntityModel, number: int) -> str:
    live = f" WHERE {quote(DELETED)} IS NULL" if entity.soft_delete else ""
    return f"(SELECT count(*) FROM {entity.table}{live}) AS _c{number}"
