"""What a grant demands of a row, as SQL. All reads of records of callers have this in their conditions."""

from __future__ import annotations

from collections.abc import Sequence

from services.data.model import EntityModel
from services.data.query.predicates import Test, test_sql
from services.data.query.shapes import Visible


def visible_sql(entity: EntityModel, row: str, visible: Visible) -> str:
    """The condition that `row` is one of those that may be seen."""
    if visible is None:
        return "true"
    alternatives = [conjunction([tested_sql(entity, row, test) for test in every]) for every in visible]
    return f"({' OR '.join(f'({one})' for one in alternatives)})" if alternatives else "false"


def tested_sql(entity: EntityModel, row: str, test: Test) -> str:
    """A test of `row`, its value by slot."""
    return test_sql(entity.fields[test.field], test.operator, row, lambda kind: f"${test.slot}::{kind}")


def conjunction(clauses: Sequence[str]) -> str:
    """All of the clauses."""
    return " AND ".join(clause for clause in clauses if clause != "true") or "true"
