"""The order of lists, and the conditions for the rows after a place, or before it."""

from __future__ import annotations

from services.data.model import EntityModel, quote
from services.data.query.compiler import Compiler
from services.data.query.cursors import ordering
from services.data.query.shapes import After, Sort, Visible


def order_sql(
    compiler: Compiler, entity: EntityModel, row: str, sort: Sort, visible: Visible, backward: bool = False
) -> str:
    """ORDER BY: nulls before every value, so last when descending; then by key, so that there is one order.

    `backward` is the same order from its end.
    """
    keys = set(entity.key.names)
    columns = [
        f"{compiler.value(entity, row, name, visible)} {_direction(down is not backward, name not in keys)}"
        for name, down in sort
    ]
    rest = [f"{row}.{quote(field.name)}" for field in ordering(entity, sort)[len(sort) :]]
    return ", ".join([*columns, *(f"{column} DESC" if backward else column for column in rest)])


def _direction(down: bool, nullable: bool) -> str:
    """Keys have no nulls, and an index that knows no better: it is followed only if nothing is said of them."""
    if not nullable:
        return "DESC" if down else "ASC"
    return "DESC NULLS LAST" if down else "ASC NULLS FIRST"


def after_sql(
    compiler: Compiler, entity: EntityModel, row: str, sort: Sort, after: After, visible: Visible
) -> tuple[str, ...]:
    """The condition that `row` comes after a place in this order.

    There are two where nulls follow the values of the first field: the rows of the second one come after those of the
    first. Together in one condition, they could not use an index.
    """
    if not after.slots:
        return ("true",)
    fields = ordering(entity, sort)
    descending = [down is not after.backward for _, down in sort] + [after.backward] * (len(fields) - len(sort))
    columns = [compiler.value(entity, row, field.name, visible) for field in fields]
    kinds = [field.column_type.partition("(")[0] for field in fields]
    values = [f"${slot}::{kind}" if slot else None for slot, kind in zip(after.slots, kinds, strict=True)]
    nullable = [field.name not in entity.key.names for field in fields]
    nulls_follow = bool(sort) and descending[0] and nullable[0] and values[0] is not None
    nullable[0] = nullable[0] and not nulls_follow
    *before, last = zip(columns, values, descending, nullable, strict=True)
    clause = _after(*last)
    if after.inclusive:
        clause = f"({clause} OR {_same(*last[:2])})"
    for column, value, down, may_be_null in reversed(before):
        clause = f"({_after(column, value, down, may_be_null)} OR ({_same(column, value)} AND {clause}))"
    near = f"({clause}{_bound(*before[0])})" if before else clause
    return (near, f"{columns[0]} IS NULL") if nulls_follow else (near,)


def place_sql(compiler: Compiler, entity: EntityModel, row: str, sort: Sort, visible: Visible) -> str:
    """A row's place in the order, as a JSON list of texts."""
    values = [compiler.value(entity, row, field.name, visible) for field in ordering(entity, sort)]
    columns = [f"to_json({value}) #>> '{{}}'" for value in values]
    return f"json_build_array({', '.join(columns)})::text"


def _after(column: str, value: str | None, down: bool, nullable: bool) -> str:
    if value is None:
        return "false" if down else f"{column} IS NOT NULL"
    if not down:
        return f"{column} > {value}"
    return f"({column} < {value} OR {column} IS NULL)" if nullable else f"{column} < {value}"


def _same(column: str, value: str | None) -> str:
    return f"{column} = {value}" if value else f"{column} IS NULL"


def _bound(column: str, value: str | None, down: bool, nullable: bool) -> str:
    """A redundant bound on the first of several columns, in a form that can use an index."""
    if not value or (down and nullable):
        return ""
    return f" AND {column} {'<=' if down else '>='} {value}"
