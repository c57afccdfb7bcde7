"""What a caller may see of rows, as SQL: which rows, which of their fields, and in which form.

All reads of records use this in their conditions and output. In filters, order and figures, a field is null in rows of
which it is hidden.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from libs.shared.permissions.profile import FieldAccess
from libs.shared.permissions.sql import TRUE, all_sql, render
from services.data.query.forms import Form
from services.data.query.predicates import TEXT_TYPES
from services.data.query.shapes import View, Visible

TYPED = re.compile(r"\$([0-9]+)::")
"""A value with its type."""
About = Callable[[str], str]
"""A condition, given the name of the row that it is about."""


def visible_sql(row: str, visible: Visible) -> str:
    """The condition that `row` is one of those that may be seen."""
    return TRUE if visible is None else render(visible.profile.rows.text, row, visible.base)


def about(text: str, view: View) -> About:
    """A text about any row as a condition."""
    return lambda row: render(text, row, view.base)


def access_of(visible: Visible, name: str) -> FieldAccess | None:
    """How a field is visible; None if always as it is."""
    if visible is None:
        return None
    access = visible.profile.access[name]
    return None if access.clear.is_certain else access


def visible_names(visible: Visible, fields: Iterable[str], wanted: Sequence[str] | None) -> tuple[str, ...]:
    """The fields in the output: those wanted, or all that the caller may see."""
    if wanted is not None:
        return tuple(wanted)
    return tuple(fields) if visible is None else tuple(visible.profile.access)


def typed_sql(views: Iterable[View], select: str) -> str:
    """A named query that no one reads, in which those values of the views have their types that `select` leaves out."""
    kinds = {view.base + n: kind for view in views for n, (_, kind) in enumerate(view.profile.made.all, 1)}
    used = set(map(int, TYPED.findall(select)))
    places = [f"${place}::{kind}" for place, kind in kinds.items() if place not in used]
    return f"_typed AS (SELECT {', '.join(places)})" if places else ""


def with_typed(views: Iterable[View], select: str) -> str:
    """A statement with the types of all values of the views."""
    typed = typed_sql(views, select)
    return f"WITH {typed} {select}" if typed else select


def conjunction(clauses: Sequence[str]) -> str:
    """All of the clauses."""
    return " AND ".join(clause for clause in clauses if clause != TRUE) or TRUE


def field_sql(row: str, form: Form, view: View, both: Callable[[About], str], seen: bool = False) -> str:
    """What is shown of a field: as it is, masked, or null. `both` completes a condition for what is read.

    `seen` says that it is asked only about rows of which the field is shown in some way.
    """
    *before, (when, value) = [
        (both(about(all_sql(way.demands), view)), render(way.text, row, view.base)) for way in form.ways
    ]
    if not before:
        return value if seen or when == TRUE else f"CASE WHEN {when} THEN {value} END"
    form_sql = "{}" if form.field.type in TEXT_TYPES else "to_json({})"  # masks are texts, and a CASE has one type
    cases = " ".join(f"WHEN {when} THEN {form_sql.format(value)}" for when, value in before)
    last = f"ELSE {form_sql.format(value)}" if seen or when == TRUE else f"WHEN {when} THEN {form_sql.format(value)}"
    return f"CASE {cases} {last} END"
