"""Statements for a page of a list."""

from __future__ import annotations

from services.data.model import EntityModel, Model
from services.data.query.compiler import Compiler
from services.data.query.keyset import edges_sql, matching, needed_columns, rows_after
from services.data.query.ordering import order_sql
from services.data.query.shapes import Criteria, Listing
from services.data.query.sources import sources_of

VERSION = "(SELECT _v.version FROM metadata.schema_version _v)"
"""Read in the statement's own snapshot, so it is the version of the tables that were read."""
JSON_RECORDS = "coalesce(json_agg(_t._j), '[]')::text AS records"
RECORDS = f"{JSON_RECORDS}, count(*) AS rows"
MAX_COUNTED_ROWS = 10_000
"""Rows that an estimated count counts before it estimates."""


def list_sql(model: Model, entity: EntityModel, listing: Listing) -> str:
    """One page: columns schema_version, total (or null), records (JSON list as text); with a cursor also its edges."""
    compiler = Compiler(model, sources_of(model, listing.criteria.as_of))
    columns = [f"{VERSION} AS schema_version", f"{_total(compiler, entity, listing)} AS total"]
    if listing.output.truncate:
        columns.append(f"${listing.output.truncate}::int AS length")  # so it has a type, also where nothing is cut
    if listing.after is None:
        record, page = _page(compiler, entity, listing)
        shown = compiler.record(entity, record, listing.output)
        rows = model.bounds.rows(f"SELECT {shown} AS _j {page}")
        return compiler.statement(f"SELECT {', '.join(columns)}, {RECORDS} FROM {rows}")
    named = rows_after(compiler, entity, listing, listing.after)
    output = compiler.select(entity, "_p", listing.output, listing.criteria.visible)
    order = "_p._n DESC" if listing.after.backward else "_p._n"
    page = output.rows("_page _p", f"WHERE _p._n <= ${listing.limit} ORDER BY {order}")
    shown = compiler.record(entity, "_x", listing.output)
    rows = model.bounds.rows(f"SELECT {shown} AS _j FROM ({page}) _x")
    select = f"SELECT {', '.join([*columns, edges_sql(listing.limit)])}, {RECORDS} FROM {rows}"
    return compiler.statement(select, *named)


def estimate_sql(model: Model, entity: EntityModel, criteria: Criteria) -> str:
    """The planner's plan for all matching rows, as JSON; it takes the values that decide which records match."""
    compiler = Compiler(model, sources_of(model, criteria.as_of))
    return f"EXPLAIN (FORMAT JSON) {compiler.statement(matching(compiler, entity, criteria, '_r'))}"


def _total(compiler: Compiler, entity: EntityModel, listing: Listing) -> str:
    if listing.counting == "none":
        return "NULL::bigint"
    rows = matching(compiler, entity, listing.criteria, "_r")
    if listing.counting == "estimated":
        rows += f" LIMIT {MAX_COUNTED_ROWS + 1}"
    return f"(SELECT count(*) FROM ({rows}) _c)"


def _page(compiler: Compiler, entity: EntityModel, listing: Listing) -> tuple[str, str]:
    """A record of a page as an expression, and the page as its FROM, in order."""
    limits = f"LIMIT ${listing.limit}::bigint OFFSET ${listing.offset}::bigint"
    visible = listing.criteria.visible
    order = f"ORDER BY {order_sql(compiler, entity, '_r', listing.sort, visible)} {limits}"
    if not listing.output.includes and (visible is None or visible.profile.is_open):
        columns = compiler.select(entity, "_r", listing.output, visible).columns
        return "_x", f"FROM ({matching(compiler, entity, listing.criteria, '_r', columns)} {order}) _x"
    # Rows are selected before anything is included or masked, so that nothing is done for rows of other pages.
    rows = f"{matching(compiler, entity, listing.criteria, '_r', needed_columns(compiler, entity, listing))} {order}"
    own = compiler.needed(entity, listing.output, visible)
    return compiler.select(entity, "_p", listing.output, visible, own=own).objects(f"({rows}) _p")
