"""Errors in expressions, templates and paths of definitions, against the fields that exist. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from libs.shared.errors import RocketError
from libs.shared.expressions import ExpressionError
from libs.shared.schema.kinds import DefinitionKind, stored_kind
from services.metadata.checking.expressions.location import Document, ExpressionLocation
from services.metadata.checking.kinds import checks_of
from services.metadata.model.schema import LiveSchema

MAX_ERRORS = 20
"""Errors reported of one definition."""
MAX_WARNINGS = 1_000
"""Warnings after which no further definition is checked."""
DefinitionWarning = dict[str, str]
"""A warning as answers have it: `{path, message}`."""


class ExpressionReview(NamedTuple):
    """A definition that is checked when a change is done. `path` begins the paths of its warnings.

    `before`: its document and the schema before the change, whose errors are not reported again.
    """

    path: str
    kind: str
    document: dict[str, Any]
    before: tuple[dict[str, Any], LiveSchema] | None = None


class LocatedError(NamedTuple):
    """What is wrong at which path of the document; `is_warning` if the definition may be stored all the same."""

    path: str
    message: str
    is_warning: bool = False


def locations_in(kind: str, document: Document, schema: LiveSchema) -> Iterator[ExpressionLocation]:
    """All expressions, templates and paths of a stored document that are not blank."""
    for location in checks_of(stored_kind(kind)).expressions(document, schema):
        if location.text.strip():
            yield location


def expression_errors(kind: str, document: Document, schema: LiveSchema) -> list[LocatedError]:
    """The first errors of a stored document."""
    found = (
        LocatedError(location.path, message, location.is_optional)
        for location in locations_in(kind, document, schema)
        for message in _messages(location)
    )
    return list(islice(found, MAX_ERRORS))


def check_expressions(kind: DefinitionKind, document: Document, schema: LiveSchema) -> list[DefinitionWarning]:
    """The warnings about a document. Raises VALIDATION_FAILED with a detail per error."""
    found = expression_errors(kind.name, document, schema)
    errors = [each for each in found if not each.is_warning]
    if errors:
        details = [{"field": each.path, "rule": "expression", "message": each.message} for each in errors]
        message = f"{kind.label} is not valid: {errors[0].path}: {errors[0].message}"
        raise RocketError("VALIDATION_FAILED", message, details)
    return [{"path": each.path, "message": each.message} for each in found]


def expression_warnings(reviews: Iterable[ExpressionReview], schema: LiveSchema) -> list[DefinitionWarning]:
    """The errors of these definitions in the schema after the change."""
    found: list[DefinitionWarning] = []
    for review in reviews:
        known = set(expression_errors(review.kind, *review.before)) if review.before else ()
        for error in expression_errors(review.kind, review.document, schema):
            if error not in known:
                found.append({"path": f"{review.path}.{error.path}", "message": error.message})
        if len(found) >= MAX_WARNINGS:
            break
    return found


def _messages(location: ExpressionLocation) -> Iterator[str]:
    try:
        for result in location.check():
            yield from map(str, result.errors)
    except ExpressionError as error:
        yield f"does not compile, so it is never evaluated: {error}"
