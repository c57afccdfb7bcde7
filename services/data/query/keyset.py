"""The rows of a page after a cursor's place, or before it, without counting the rows on the way there."""

from __future__ import annotations

from services.data.model import EntityModel, quote
from services.data.query.compiler import Compiler
from services.data.query.ordering import after_sql, order_sql, place_sql
from services.data.query.shapes import After, Criteria, Listing


def matching(compiler: Compiler, entity: EntityModel, criteria: Criteria, row: str, columns: str = "") -> str:
    """The query for all rows that meet the criteria."""
    where = compiler.matches(entity, row, criteria)
    return f"SELECT {columns} FROM {compiler.sources.root(entity)} {row} WHERE {where}"


def needed_columns(compiler: Compiler, entity: EntityModel, listing: Listing) -> str:
    """The columns of a row `_r` that the output reads."""
    return ", ".join(f"_r.{quote(name)}" for name in compiler.needed(entity, listing.output, listing.criteria.visible))


def rows_after(compiler: Compiler, entity: EntityModel, listing: Listing, after: After) -> list[str]:
    """Named queries, of which `_page` has the rows after a place, one more than requested, each with place and number.

    Backward, the numbers count from the place to the beginning. Rows without a value in the first field that follow all
    others are a query of their own, which runs only if there are too few others.
    """
    visible = listing.criteria.visible
    columns = f"{needed_columns(compiler, entity, listing)}, {place_sql(compiler, entity, '_r', listing.sort, visible)}"
    order = order_sql(compiler, entity, "_r", listing.sort, visible, after.backward)
    rows = matching(compiler, entity, listing.criteria, "_r", f"{columns} AS _place")
    limit = f"${listing.limit}::bigint"
    tail = f"ORDER BY {order} LIMIT {limit} + 1"
    near, *far = after_sql(compiler, entity, "_r", listing.sort, after, visible)
    numbered = f"SELECT _q.*, row_number() OVER () AS _n FROM ({rows} AND {near} {tail}) _q"
    if not far:
        return [f"_page AS MATERIALIZED ({numbered})"]
    found = "(SELECT count(*) FROM _near)"
    others = f"{rows} AND {far[0]} AND {found} <= {limit} {tail}"
    rest = f"SELECT _q.*, {found} + row_number() OVER () AS _n FROM ({others}) _q"
    return [
        f"_near AS MATERIALIZED ({numbered})",
        f"_page AS MATERIALIZED (SELECT * FROM _near UNION ALL {rest})",
    ]


def edges_sql(limit: int) -> str:
    """The places of the first and last row as numbered (null without rows), and whether there are more rows."""
    place = "(SELECT _p._place FROM _page _p WHERE _p._n = {})"
    last = f"least(${limit}::bigint, (SELECT max(_m._n) FROM _page _m))"
    more = f"EXISTS (SELECT FROM _page _m WHERE _m._n > ${limit}::bigint)"
    return f"{place.format(1)} AS nearest, {place.format(last)} AS farthest, {more} AS more"
