"""A schema compiled for SQL: columns, keys and images per entity, made once per schema version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson

from libs.shared.errors import RocketError, not_found
from libs.shared.schema import DELETED, BadValue, Entity, FieldDefinition, Snapshot, parse_text
from libs.shared.schema.policies import PolicyDefinition

IMPLICIT_DELETED = "0"
"""The log's id of `deleted_at` where no field of that name is defined."""


def quote(identifier: str) -> str:
    """An SQL identifier, whatever word it is."""
    return '"' + identifier.replace('"', '""') + '"'


class EntityModel:
    """One entity, ready to be put into statements. Column names are always spelled out."""

    def __init__(self, entity: Entity, policies: list[PolicyDefinition]) -> None:
        definition = entity.definition
        self.name = entity.name
        self.number = entity.number
        self.table = f"records.{quote(definition.table)}"
        self.key = definition.key_field
        self.key_generated = definition.primary_key.generated
        self.soft_delete = definition.soft_delete
        self.fields: Mapping[str, FieldDefinition] = {
            field.name: self.key if field.name == self.key.name else field for field in definition.fields
        }
        self.files = [field for field in self.fields.values() if field.type == "file"]
        self.policies = policies
        self._exact = any(field.type == "decimal" for field in self.fields.values())
        ids = {name: str(number) for name, number in entity.field_ids.items()}
        self.image_ids = ids if not self.soft_delete or DELETED in ids else {**ids, DELETED: IMPLICIT_DELETED}
        """Column → key in the log's images; also of fields left out today, as their values come back with them."""

    def columns(self, row: str) -> str:
        """The visible columns of `row`, for a SELECT that becomes a JSON object."""
        return ", ".join(f"{row}.{quote(name)}" for name in self.fields)

    def json(self, row: str) -> str:
        """A record as JSON text. The alias begins with _ as no field does, so it can only mean the row."""
        return f"(SELECT row_to_json(_x)::text FROM (SELECT {self.columns(row)}) _x)"

    def alive(self, row: str) -> str:
        """The condition that a row is not soft-deleted."""
        return f"{row}.{quote(DELETED)} IS NULL" if self.soft_delete else "true"

    def parse_key(self, text: str) -> Any:
        """The key written in a URL. Raises NOT_FOUND for what can't be one."""
        try:
            return parse_text(self.key, text)
        except BadValue:
            raise not_found("Record") from None

    def parse_body(self, body: bytes) -> dict[str, Any]:
        """The JSON object of a write; numbers keep all their digits where the entity has decimals.

        Raises INVALID_PAYLOAD.
        """
        try:
            document = _exact_loads(body) if self._exact else orjson.loads(body)
        except (ValueError, RecursionError):
            raise RocketError("INVALID_PAYLOAD", "The body is not valid JSON") from None
        if not isinstance(document, dict):
            raise RocketError("INVALID_PAYLOAD", "The body must be a JSON object")
        return document


class Model:
    """All entities of one schema version."""

    def __init__(self, schema: Snapshot) -> None:
        self.schema = schema
        self.version = schema.version
        self._entities: dict[str, EntityModel] = {}

    def entity(self, name: str) -> EntityModel:
        """The entity of this name, compiled on first use. Raises UNKNOWN_ENTITY."""
        model = self._entities.get(name)
        if model is None:
            entity = self.schema.entity(name)
            policies = [policy for policy in self.schema.policies if policy.entity == name]
            model = self._entities[name] = EntityModel(entity, policies)
        return model


def _exact_loads(body: bytes) -> Any:
    orjson.loads(body)  # the stricter of the two says what is JSON: no lone surrogates, no infinite numbers
    return json.loads(body, parse_float=Decimal, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
