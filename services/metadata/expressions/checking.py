"""Mistakes in expressions, templates and paths of definitions. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from libs.shared.errors import RocketError
from libs.shared.expressions import ExpressionError
from libs.shared.expressions.checking import Use, check, check_path
from libs.shared.expressions.syntax.parsing import parse
from services.metadata.expressions.places import Form, Place, places
from services.metadata.schema import Schema

SHOWN = 20
"""Mistakes told at once."""


class Problem(NamedTuple):
    """What is wrong, or only doubtful, and at which path of the document."""

    path: str
    message: str
    is_doubtful: bool = False


def problems(kind: str, document: dict[str, Any], schema: Schema) -> list[Problem]:
    """All mistakes of a definition."""
    return [
        Problem(place.path, message, place.is_optional)
        for place in places(kind, document, schema)
        for message in _mistakes(place)
    ]


def check_expressions(kind: str, label: str, document: dict[str, Any], schema: Schema) -> list[Problem]:
    """What is doubtful. Raises VALIDATION_FAILED with a detail per mistake."""
    found = problems(kind, document, schema)
    wrong = [problem for problem in found if not problem.is_doubtful][:SHOWN]
    if wrong:
        details = [{"field": each.path, "rule": "expression", "message": each.message} for each in wrong]
        raise RocketError("VALIDATION_FAILED", f"{label} is not valid: {wrong[0].path}: {wrong[0].message}", details)
    return found


def uses_of(place: Place) -> list[Use]:
    """The words of a place that name fields of entities; none where it can't be read."""
    try:
        return [use for found in _found(place) for use in found.uses]
    except ExpressionError:
        return []


def _mistakes(place: Place) -> Iterator[str]:
    try:
        for found in _found(place):
            yield from map(str, found.mistakes)
    except ExpressionError as mistake:
        yield f"does not compile, so it is never evaluated: {mistake}"


def _found(place: Place) -> Iterator[Any]:
    """What checking a place finds. Raises ExpressionError for what is no expression."""
    if place.form is Form.EXPRESSION:
        yield check(parse(place.text), place.environment)
    else:
        for names, positions in place.paths():
            yield check_path(names, positions, place.environment)
