"""Whether a record is in a list, condition by condition: the list's own conditions, each asked about one record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.shared import exact
from services.data.model import EntityModel, KeyValue, Model
from services.data.query.compiler import Compiler
from services.data.query.lists import VERSION
from services.data.query.parameters import FILTER, Pairs, parse_criteria
from services.data.query.predicates import Test
from services.data.query.scope import Scope
from services.data.query.shapes import Criteria
from services.data.query.sources import Tables

Check = dict[str, Any]
MESSAGES = {
    "permission": "The record meets the conditions of no policy",
    "": "It is in the trash: lists show it with deleted=with or only",
    "with": "It is in the trash, and may not be seen there",
    "only": "It is not in the trash, or may not be seen there",
}
"""Why the permission, or the choice of live or deleted records (by its parameter), excludes a record."""


def membership_statement(
    model: Model, scope: Scope, entity: EntityModel, key: KeyValue, pairs: Pairs
) -> tuple[str, Sequence[Any], Criteria]:
    """A statement about one record of a list's query, its values, and the list's criteria.

    Columns: schema_version, holds (whether each condition holds), stored (the fields that filters compare, as JSON).
    Raises what the list raises.
    """
    criteria = parse_criteria(scope, entity, pairs, dict(pairs))
    compiler = Compiler(model, Tables())
    holds = ", ".join(f"({clause}) IS TRUE" for clause in compiler.clauses(entity, "_r", criteria))
    same = [
        f"{column} = ${scope.slot(part)}::{kind}"
        for column, part, kind in zip(entity.key.columns("_r"), key, entity.key.types, strict=True)
    ]
    shown = [
        compiler.value(entity, "_r", each.field, criteria.visible) if isinstance(each, Test) else "NULL"
        for each in criteria.conditions
    ]
    sql = (
        f"SELECT {VERSION} AS schema_version, ARRAY[{holds}] AS holds, json_build_array({', '.join(shown)})::text "
        f"AS stored FROM (SELECT) _one LEFT JOIN {entity.table} _r ON {' AND '.join(same)}"
    )
    return compiler.statement(sql), scope.values, criteria


def checks_of(criteria: Criteria, pairs: Pairs, row: Any) -> list[Check]:
    """What each condition says of the record, in the order in which the list asks."""
    permitted, chosen, *others = row["holds"]
    checks = [_check("permission", permitted, MESSAGES["permission"])]
    deleted = {"parameter": "deleted", "value": criteria.deleted} if criteria.deleted else {}
    checks.append({**_check("deleted", chosen, MESSAGES[criteria.deleted]), **deleted})
    filters = [(name, value) for name, value in pairs if FILTER.fullmatch(name)]
    stored = exact.loads(row["stored"])
    for (name, value), condition, held, holds in zip(filters, criteria.conditions, stored, others, strict=False):
        about = {"check": "filter", "parameter": name, "value": value, "holds": holds}
        if isinstance(condition, Test):
            about["stored"] = held
        checks.append(about if holds else {**about, "message": _unmet(condition, held)})
    if criteria.search:
        value = dict(pairs)["q"]
        checks.append({**_check("q", others[-1], "No text field contains it"), "parameter": "q", "value": value})
    return checks


def _check(name: str, holds: bool, message: str) -> Check:
    return {"check": name, "holds": holds, **({} if holds else {"message": message})}


def _unmet(condition: Any, held: Any) -> str:
    if not isinstance(condition, Test):
        return "No related record meets it"
    if held is None and condition.operator != "is_not_null":
        return f"{condition.field} has no value"
    return f"{condition.field} is another" if condition.operator == "eq" else f"{condition.field} does not meet it"
