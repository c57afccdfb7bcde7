"""References from definitions to entities, fields, relations and values that do not exist or do not fit. Pure."""

from __future__ import annotations

from typing import Any

from libs.shared.schema.comments import COMMENTS
from libs.shared.schema.kinds import DefinitionKind
from services.metadata.checking.kinds import checks_of
from services.metadata.checking.parsing import not_valid
from services.metadata.checking.references.names import Problem, unknown_entity
from services.metadata.model.schema import LiveSchema


def reference_errors(kind: DefinitionKind, definition: Any, schema: LiveSchema) -> list[Problem]:
    """The references of a definition that do not hold."""
    entity = kind.entity_of(definition)
    known = entity is None or (kind.covers_comments and entity == COMMENTS)
    if not known and (wrong := unknown_entity(schema, str(entity))):
        return [("entity", wrong)]
    return list(checks_of(kind).references(definition, schema))


def check_references(kind: DefinitionKind, definition: Any, schema: LiveSchema) -> None:
    """Raises VALIDATION_FAILED with a detail per reference that does not hold."""
    if errors := reference_errors(kind, definition, schema):
        raise not_valid(kind, errors)
