"""The records that a bulk write by filter is about: those that a list with these filters shows, and their number.

`expect` is the number that the caller has seen. Where another number matches, nothing is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from libs.shared.errors import RocketError
from services.data.model import EntityModel, Model
from services.data.query.compiler import Compiler
from services.data.query.keyset import matching
from services.data.query.parameters import FILTER, Pairs, parse_criteria
from services.data.query.scope import Scope, refused
from services.data.query.shapes import Criteria
from services.data.query.sources import sources_of

MAX_RECORDS = 10_000
"""Records of one write by filter."""


class Choice(NamedTuple):
    """Records chosen by filters: which ones, the values of the criteria, and how many there should be."""

    criteria: Criteria
    values: Sequence[object]
    expect: int


def parse_choice(scope: Scope, entity: EntityModel, pairs: Pairs, trashed: bool = False) -> Choice | None:
    """The choice of a query; None where it chooses nothing, so that the body has to.

    With `trashed` it is among soft-deleted records, all of which `deleted=only` chooses. Raises INVALID_PAYLOAD for a
    choice without any filter, or without `expect`, and what parsing filters raises.
    """
    values = dict(pairs)
    if trashed and values.get("deleted", "only") != "only":
        raise refused("deleted", "must be only")
    chosen = any(FILTER.fullmatch(name) for name in values) or bool(values.get("q", "").strip())
    chosen = chosen or (trashed and "deleted" in values)
    if not chosen and "expect" not in values:
        return None
    if not chosen:
        raise refused("expect", "needs a filter or q: it is the number of records that they choose")
    if "expect" not in values:
        raise refused("expect", "is required: the number of records that the filters choose")
    criteria = parse_criteria(scope, entity, pairs, {**values, "deleted": "only"} if trashed else values)
    return Choice(criteria, scope.values, _expected(values))


def keys_sql(model: Model, entity: EntityModel, criteria: Criteria) -> str:
    """The keys of the chosen records, in their order, and one more than may be written."""
    compiler = Compiler(model, sources_of(model, criteria.as_of))
    columns = ", ".join(entity.key.columns("_r"))
    keys = matching(compiler, entity, criteria, "_r", columns)
    return compiler.statement(f"{keys} ORDER BY {columns} LIMIT {MAX_RECORDS + 1}")


def count_sql(model: Model, entity: EntityModel, criteria: Criteria) -> str:
    """The number of chosen records."""
    compiler = Compiler(model, sources_of(model, criteria.as_of))
    return compiler.statement(f"SELECT count(*) FROM ({matching(compiler, entity, criteria, '_r')}) _c")


def unexpected(choice: Choice, count: int) -> RocketError:
    """409: another number of records matches; the detail has it."""
    message = f"{count} records match, not {choice.expect}"
    return RocketError("CONFLICT", message, [{"field": "expect", "rule": "expect", "count": count, "message": message}])


def _expected(values: Mapping[str, str]) -> int:
    text = values["expect"]
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else -1
    if not 0 <= number <= MAX_RECORDS:
        raise refused(
            "expect", f"must be a whole number up to {MAX_RECORDS}, which is as many as can be written at once"
        )
    return number
