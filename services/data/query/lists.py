"""Statements for a page of a list."""

from __future__ import annotations

from services.data.model import EntityModel, Model, quote
from services.data.query.compiler import Compiler
from services.data.query.ordering import after_sql, order_sql, place_sql
from services.data.query.shapes import Criteria, Listing
from services.data.query.sources import sources_of

VERSION = "(SELECT _v.version FROM metadata.schema_version _v)"
"""Read in the statement's own snapshot, so it is the version of the tables that were read."""
RECORDS = "coalesce(json_agg(_t._j), '[]')::text AS records"
MAX_COUNTED_ROWS = 10_000
"""Rows that an estimated count counts before it estimates."""


def list_sql(model: Model, entity: EntityModel, listing: Listing) -> str:
    """One page: columns schema_version, total (or null), records (JSON list as text), and with a cursor `next`,
    the place of the last row as JSON, null at the end."""
    compiler = Compiler(model, sources_of(model, listing.criteria.as_of))
    columns = [f"{VERSION} AS schema_version", f"{_total(compiler, entity, listing)} AS total"]
    if listing.after is None:
        record, page = _page(compiler, entity, listing)
        rows = model.bounds.rows(f"SELECT to_json({record}) AS _j {page}")
        return compiler.statement(f"SELECT {', '.join(columns)}, {RECORDS} FROM {rows}")
    rows = _rows_after(compiler, entity, listing)
    output = compiler.select(entity, "_p", listing.output, listing.criteria.visible)
    page = output.rows("_page _p", f"WHERE _p._n <= ${listing.limit} ORDER BY _p._n")
    more = f"EXISTS (SELECT FROM _page _m WHERE _m._n > ${listing.limit})"
    columns.append(f"(SELECT _p._place FROM _page _p WHERE _p._n = ${listing.limit} AND {more}) AS next")
    shown_rows = model.bounds.rows(f"SELECT to_json(_x) AS _j FROM ({page}) _x")
    select = f"SELECT {', '.join(columns)}, {RECORDS} FROM {shown_rows}"
    return compiler.statement(select, f"_page AS MATERIALIZED ({rows})")


def estimate_sql(model: Model, entity: EntityModel, criteria: Criteria) -> str:
    """The planner's plan for all matching rows, as JSON; it takes the values that decide which records match."""
    compiler = Compiler(model, sources_of(model, criteria.as_of))
    return f"EXPLAIN (FORMAT JSON) {compiler.statement(_matching(compiler, entity, criteria, '_r'))}"


def _total(compiler: Compiler, entity: EntityModel, listing: Listing) -> str:
    if listing.counting == "none":
        return "NULL::bigint"
    rows = _matching(compiler, entity, listing.criteria, "_r")
    if listing.counting == "estimated":
        rows += f" LIMIT {MAX_COUNTED_ROWS + 1}"
    return f"(SELECT count(*) FROM ({rows}) _c)"


def _matching(compiler: Compiler, entity: EntityModel, criteria: Criteria, row: str, columns: str = "") -> str:
    where = compiler.matches(entity, row, criteria)
    return f"SELECT {columns} FROM {compiler.sources.root(entity)} {row} WHERE {where}"


def _page(compiler: Compiler, entity: EntityModel, listing: Listing) -> tuple[str, str]:
    """A record of a page as an expression, and the page as its FROM, in order."""
    limits = f"LIMIT ${listing.limit}::bigint OFFSET ${listing.offset}::bigint"
    visible = listing.criteria.visible
    order = f"ORDER BY {order_sql(compiler, entity, '_r', listing.sort, visible)} {limits}"
    if not listing.output.includes and (visible is None or visible.profile.is_open):
        columns = compiler.select(entity, "_r", listing.output, visible).columns
        return "_x", f"FROM ({_matching(compiler, entity, listing.criteria, '_r', columns)} {order}) _x"
    # Rows are selected before anything is included or masked, so that nothing is done for rows of other pages.
    rows = f"{_matching(compiler, entity, listing.criteria, '_r', _columns(compiler, entity, listing))} {order}"
    own = compiler.needed(entity, listing.output, visible)
    return compiler.select(entity, "_p", listing.output, visible, own=own).objects(f"({rows}) _p")


def _rows_after(compiler: Compiler, entity: EntityModel, listing: Listing) -> str:
    """The rows after a cursor's place, one more than requested, each with its number and place."""
    assert listing.after is not None, "asked for lists with a cursor only"
    visible = listing.criteria.visible
    place = place_sql(compiler, entity, "_r", listing.sort, visible)
    columns = f"{_columns(compiler, entity, listing)}, {place} AS _place"
    rows = (
        f"{_matching(compiler, entity, listing.criteria, '_r', columns)} "
        f"AND {after_sql(compiler, entity, '_r', listing.sort, listing.after, visible)} "
        f"ORDER BY {order_sql(compiler, entity, '_r', listing.sort, visible)} LIMIT ${listing.limit}::bigint + 1"
    )
    return f"SELECT _q.*, row_number() OVER () AS _n FROM ({rows}) _q"


def _columns(compiler: Compiler, entity: EntityModel, listing: Listing) -> str:
    return ", ".join(f"_r.{quote(name)}" for name in compiler.needed(entity, listing.output, listing.criteria.visible))
