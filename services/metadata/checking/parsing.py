"""Parses definitions with the models of their kinds. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from libs.shared.errors import RocketError, detail_of, invalid, invalid_field, sentence
from libs.shared.schema.formulas import LENIENT
from libs.shared.schema.json_values import MAX_DEPTH, deeper_than, path_of_nul
from libs.shared.schema.kinds import KINDS, DefinitionKind
from libs.shared.schema.validation_errors import errors_in
from services.metadata.model.definition import Definition


def parse(kind: DefinitionKind, document: dict[str, Any], lenient: bool = False) -> Any:
    """The definition in a document. Raises VALIDATION_FAILED with a detail per mistake.

    `lenient`, for imports, accepts rules and guards that can't be evaluated; they never are.
    """
    if deeper_than(document, MAX_DEPTH):
        raise invalid(f"{kind.label} is nested more than {MAX_DEPTH} levels deep")
    if (path := path_of_nul(document)) is not None:
        raise invalid_field(path, f"{path} must not hold the character NUL")
    try:
        return kind.model.model_validate(document, context=LENIENT if lenient else None)
    except ValidationError as error:
        raise not_valid(kind, errors_in(error, kind.model, document)) from None


def read_stored(row: Definition) -> Any | None:
    """The definition in a stored row; None if an older version stored it and this one can't read it."""
    try:
        return KINDS[row.kind].model.stored(row.document)
    except ValidationError:
        return None


def not_valid(kind: DefinitionKind, errors: Sequence[tuple[str, str]]) -> RocketError:
    """VALIDATION_FAILED with a detail per error: (path, message)."""
    details = [detail_of(path, message) if path else {"message": message} for path, message in errors]
    return RocketError("VALIDATION_FAILED", f"{kind.label} is not valid: {sentence(*errors[0])}", details)
