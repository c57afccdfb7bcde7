"""Schemas of the metadata service, built from definitions without a database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.shared.schema import EntityDefinition, RelationDefinition
from services.metadata.model.definition import Definition
from services.metadata.model.schema import LiveSchema
from services.metadata.planning import tables


def stored(kind: str, number: int, document: dict[str, Any]) -> Definition:
    """A stored definition; its id is its number."""
    return Definition(str(number), kind, document.get("name"), number, document, {}, "", "")


def live_schema(entities: Sequence[dict[str, Any]], relations: Sequence[dict[str, Any]] = ()) -> LiveSchema:
    """Entities numbered from 1 on, with field ids in order, and the relations behind them."""
    schema = LiveSchema()
    for number, document in enumerate(entities, 1):
        definition = EntityDefinition.model_validate(document)
        row = stored("entities", number, document)
        row.ids = tables.number_fields({}, definition, {})
        schema.put_entity(row, definition)
    for number, document in enumerate(relations, len(entities) + 1):
        schema.put_relation(stored("relations", number, document), RelationDefinition.model_validate(document))
    return schema
