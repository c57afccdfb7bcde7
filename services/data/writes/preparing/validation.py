"""Parses bodies into column values, and collects all that is wrong with them. Pure."""

from __future__ import annotations

from typing import Any

from libs.shared.errors import Detail, summary
from libs.shared.ids import uuid7
from libs.shared.schema import DELETED, BadValue, FieldDefinition, parse_value
from libs.shared.schema.values import MAX_RECORD_ID_BYTES, is_among, is_long_id, parse_written
from services.data.model import EntityModel
from services.data.writes.statements.changes import Values

MAX_KEY_LENGTH = 255
"""Characters of a key, which is part of URLs, headers and subjects."""


def validate_create(entity: EntityModel, body: dict[str, Any]) -> Values:
    """All values of a new record: sent ones, defaults, a generated UUID key. Raises Invalid."""
    details = _unknown_keys(entity, body)
    values: Values = {}
    for field in entity.fields.values():
        if set_by_server(entity, field):
            continue
        try:
            if not _made_later(entity, field, body):
                values[field.name] = _created_value(field, body, is_key=field.name in entity.key.names)
        except Violation as violation:
            details.append(violation.detail)
    if not details and entity.key.composite and is_long_id(entity.key.of(values)):
        message = f"must have at most {MAX_RECORD_ID_BYTES} bytes together"
        details += [{"field": name, "rule": "key", "message": f"{name} {message}"} for name in entity.key.names]
    if details:
        raise Invalid(details)
    if entity.key.generated and entity.key.fields[0].type == "uuid":
        values[entity.key.names[0]] = uuid7()
    return values


def validate_update(entity: EntityModel, body: dict[str, Any]) -> Values:
    """The values that an update sets; only what was sent. Raises Invalid."""
    details = _unknown_keys(entity, body)
    values: Values = {}
    for name, sent in body.items():
        field = entity.fields.get(name)
        if field is None or field.name in entity.key.names or set_by_server(entity, field):
            continue
        try:
            values[name] = _checked(field, sent)
        except Violation as violation:
            details.append(violation.detail)
    if details:
        raise Invalid(details)
    return values


class Invalid(Exception):
    """A body that does not fit its entity; `details` says all that is wrong with it."""

    def __init__(self, details: list[Detail]) -> None:
        super().__init__(summary(details[0]))
        self.details = details


class Violation(Exception):
    """One field's value is refused."""

    def __init__(self, field: FieldDefinition, rule: str, message: str) -> None:
        super().__init__(message)
        self.detail: Detail = {"field": field.name, "rule": rule, "message": message}


def _created_value(field: FieldDefinition, body: dict[str, Any], is_key: bool) -> Any:
    if field.name in body:
        return _checked(field, body[field.name], is_key)
    if field.default is not None:
        return parse_value(field, field.default)
    if (field.required and not field.nullable) or is_key:
        raise Violation(field, "required", "is required")
    return None


def _checked(field: FieldDefinition, sent: Any, is_key: bool = False) -> Any:
    if sent is None or sent == "":
        if is_key or (field.required and not (sent is None and field.nullable)):
            raise Violation(field, "required", "is required")
        if sent is None:
            return None
    try:
        value = parse_written(field, sent)
    except BadValue as problem:
        raise Violation(field, "type", str(problem)) from None
    if is_key and len(str(value)) > MAX_KEY_LENGTH:
        raise Violation(field, "key", f"must have at most {MAX_KEY_LENGTH} characters")
    if is_key and "," in str(value):
        raise Violation(field, "key", "must not hold a comma")
    if is_key and (str(value).startswith("_") or str(value) in (".", "..")):
        raise Violation(field, "key", "must not begin with _, nor be . or ..")
    if field.enum is not None and sent not in field.enum and not is_among(field, value, field.enum):
        raise Violation(field, "enum", f"must be one of {', '.join(map(str, field.enum))}")
    return value


def _made_later(entity: EntityModel, field: FieldDefinition, body: dict[str, Any]) -> bool:
    """Slugs are made from their source when none, or an empty one, is sent."""
    slug = entity.definition.slug
    if slug is None or slug.source is None or slug.field != field.name:
        return False
    return body.get(field.name) in (None, "")


def set_by_server(entity: EntityModel, field: FieldDefinition) -> bool:
    """Generated keys, auto timestamps and the soft-delete mark: values sent for them are ignored."""
    if field.name in entity.key.names:
        return entity.key.generated
    return field.auto is not None or (entity.soft_delete and field.name == DELETED)


def _unknown_keys(entity: EntityModel, body: dict[str, Any]) -> list[Detail]:
    return [{"field": name, "rule": "unknown", "message": "is unknown"} for name in body if name not in entity.fields]
