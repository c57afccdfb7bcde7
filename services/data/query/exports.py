"""`_export`: all records that a list would page through, as lines of text that PostgreSQL makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from libs.shared.schema.fields import NUMBERS
from services.data.model import EntityModel, Model, quote
from services.data.query.compiler import Compiler
from services.data.query.includes import parse_output
from services.data.query.ordering import order_sql
from services.data.query.parameters import Pairs, parse_criteria, parse_sort
from services.data.query.predicates import TEXT_TYPES
from services.data.query.scope import Scope, refused
from services.data.query.shapes import Criteria, Output, Sort
from services.data.query.sources import sources_of
from services.data.query.visibility import access_of, visible_names

FORMATS: Mapping[str, str] = {
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8; header=present",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""Format → content type. For xlsx the lines are JSON arrays, of which the gateway makes the workbook."""
FLAT = ("csv", "xlsx")
"""Formats whose records are rows of cells."""
FORMULA = r"=+@\t\r\n＝＋－＠-"
"""What a spreadsheet takes for the beginning of a formula, full-width forms included; behind an apostrophe it shows the
text. As a set of characters in a regular expression. Names of columns are ASCII and begin with a letter."""
PLAIN_TYPES = (*NUMBERS, "boolean", "uuid", "date")
"""Types whose text needs no quotes in CSV."""


class Export(NamedTuple):
    """All chosen records, in one of the formats."""

    criteria: Criteria
    output: Output
    sort: Sort
    format: str


def parse_export(scope: Scope, entity: EntityModel, pairs: Pairs, as_of: int | None = None) -> Export:
    """Raises UNKNOWN_FIELD, INVALID_PAYLOAD or FORBIDDEN. Pages and counting mean nothing here."""
    values = dict(pairs)
    wanted = values.get("format", "") or "json"
    if wanted not in FORMATS:
        raise refused("format", f"must be one of {', '.join(FORMATS)}")
    criteria = parse_criteria(scope, entity, pairs, values, as_of)
    output = parse_output(scope, entity, values.get("fields", ""), values.get("include", ""))
    return Export(criteria, output, parse_sort(scope, entity, values.get("sort", "")), wanted)


def export_sql(model: Model, entity: EntityModel, export: Export) -> str:
    """A row of one column, `line`, for each record in order."""
    compiler = Compiler(model, sources_of(model, export.criteria.as_of))
    # Sorted before anything is included: with OFFSET 0 the planner leaves it so, and rows come one by one.
    visible, flat = export.criteria.visible, export.format in FLAT
    needed = compiler.needed(entity, export.output, visible)
    columns = ", ".join(f"_r.{quote(name)}" for name in needed)
    rows = (
        f"SELECT {columns} FROM {compiler.sources.root(entity)} _r "
        f"WHERE {compiler.matches(entity, '_r', export.criteria)} "
        f"ORDER BY {order_sql(compiler, entity, '_r', export.sort, visible)} OFFSET 0"
    )
    value, records = compiler.select(entity, "_p", export.output, visible, flat, needed).objects(f"({rows}) _p")
    line = _line(entity, export) if flat else f"to_json({value})::text"
    return compiler.statement(f"SELECT {line} AS line {records}")


def head_of(entity: EntityModel, export: Export) -> bytes:
    """The text before the first line."""
    match export.format:
        case "csv":
            return ",".join(columns_of(entity, export)).encode() + b"\r\n"
        case "json":
            return b'{"data":['
    return b""


SEPARATORS: Mapping[str, bytes] = {"json": b",\n", "ndjson": b"\n", "csv": b"\r\n", "xlsx": b"\n"}
"""The text between two lines; in all formats but json also after the last one."""
TAILS: Mapping[str, bytes] = {"json": b"]}", "ndjson": b"", "csv": b"", "xlsx": b""}
"""The text after the last line."""


def columns_of(entity: EntityModel, export: Export) -> list[str]:
    """The names of what is shown, in order."""
    names = visible_names(export.criteria.visible, entity.fields, export.output.fields)
    included = [include.name for include in export.output.includes]
    return [*(name for name in names if name not in included), *included]


def typed_columns(entity: EntityModel, export: Export) -> list[tuple[str, str]]:
    """The columns with the types of their cells; what is masked, or included, is text."""
    included = {include.name for include in export.output.includes}
    return [
        (name, "text" if name in included or _is_masked(export, name) else entity.fields[name].type)
        for name in columns_of(entity, export)
    ]


def _is_masked(export: Export, name: str) -> bool:
    access = access_of(export.criteria.visible, name)
    return access is not None and bool(access.masks)


def _line(entity: EntityModel, export: Export) -> str:
    return _csv_line(entity, export) if export.format == "csv" else _json_line(entity, export)


def _json_line(entity: EntityModel, export: Export) -> str:
    """A record as a JSON array: numbers and booleans as what they are, everything else as text."""
    cells = []
    for name, kind in typed_columns(entity, export):
        column = f"_x.{quote(name)}"
        if kind in ("json", "file") or name in {include.name for include in export.output.includes}:
            cells.append(f"{column}::text")
        else:
            cells.append(column if kind in PLAIN_TYPES else f"to_json({column}) #>> '{{}}'")
    return f"json_build_array({', '.join(cells)})::text"


def _csv_line(entity: EntityModel, export: Export) -> str:
    """A record as RFC 4180 has it: null is nothing, an empty text is "", and nothing begins a formula."""
    included = {include.name for include in export.output.includes}
    cells = []
    for name in columns_of(entity, export):
        column = f"_x.{quote(name)}"
        if name in included:
            cells.append(_quoted(f"{column}::text"))
        elif _is_masked(export, name):
            cells.append(_cell("text", f"(to_json({column}) #>> '{{}}')"))
        else:
            cells.append(_cell(entity.fields[name].type, column))
    return f"array_to_string(ARRAY[{', '.join(cells)}], ',', '')"


def _cell(kind: str, column: str) -> str:
    if kind in PLAIN_TYPES:
        return f"{column}::text"
    if kind == "timestamp":
        return f"to_json({column}) #>> '{{}}'"
    if kind in TEXT_TYPES:
        return _quoted(f"CASE WHEN {column} ~ '^[{FORMULA}]' THEN '''' || {column} ELSE {column} END")
    return _quoted(f"{column}::text")


def _quoted(text: str) -> str:
    return f"'\"' || replace({text}, '\"', '\"\"') || '\"'"
