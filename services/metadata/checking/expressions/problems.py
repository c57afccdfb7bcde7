"""Mistakes in expressions, templates and paths of definitions. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from libs.shared.errors import RocketError
from libs.shared.expressions import ExpressionError
from libs.shared.expressions.checking import Use, check, check_path
from libs.shared.expressions.syntax.parsing import parse
from services.metadata.checking.expressions.locations import Form, Place, places
from services.metadata.model.schema import Schema

MAX_PROBLEMS = 20
"""Mistakes told of one definition."""
MAX_WARNINGS = 1_000
"""Warnings after which no further definition is looked at."""
Told = dict[str, str]
"""A warning as answers have it: `{path, message}`."""


class Doubt(NamedTuple):
    """A definition that is looked at when a change is done: `place` is what answers call it.

    `before`: its document and the schema as they were, whose mistakes are not told again.
    """

    place: str
    kind: str
    document: dict[str, Any]
    before: tuple[dict[str, Any], Schema] | None = None


class Problem(NamedTuple):
    """What is wrong, or only doubtful, and at which path of the document."""

    path: str
    message: str
    is_doubtful: bool = False


def problems(kind: str, document: dict[str, Any], schema: Schema) -> list[Problem]:
    """The mistakes of a definition; the first ones, where there are many."""
    found = (
        Problem(place.path, message, place.is_optional)
        for place in places(kind, document, schema)
        for message in _mistakes(place)
    )
    return list(islice(found, MAX_PROBLEMS))


def warnings_of(doubts: Iterable[Doubt], schema: Schema) -> list[Told]:
    """What is wrong with these definitions in the schema as it has become."""
    found: list[Told] = []
    for doubt in doubts:
        known = set(problems(doubt.kind, *doubt.before)) if doubt.before else ()
        for problem in problems(doubt.kind, doubt.document, schema):
            if problem not in known:
                found.append({"path": f"{doubt.place}.{problem.path}", "message": problem.message})
        if len(found) >= MAX_WARNINGS:
            break
    return found


def check_expressions(kind: str, label: str, document: dict[str, Any], schema: Schema) -> list[Problem]:
    """What is doubtful. Raises VALIDATION_FAILED with a detail per mistake."""
    found = problems(kind, document, schema)
    wrong = [problem for problem in found if not problem.is_doubtful]
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
