"""Snapshots for unit tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.shared.schema import EntityDefinition, Snapshot
from libs.shared.schema.snapshot import Entity
from services.data.model import EntityModel, Model
from tests.support.client import entity


def schema_with(kind: str, documents: Sequence[dict[str, Any]], version: int = 3) -> Snapshot:
    """A snapshot with definitions of one kind and no entities."""
    return Snapshot(version, {}, {}, (), {kind: documents})


def compiled(*fields: dict[str, Any], **settings: Any) -> EntityModel:
    """An entity of these fields, with a generated UUID key unless `settings` say otherwise."""
    return model_of(*fields, **settings).entity("thing")


def model_of(*fields: dict[str, Any], **settings: Any) -> Model:
    """A schema of this entity alone, which is called thing."""
    definition = EntityDefinition.model_validate(entity("thing", *fields, **settings))
    ids = {field.name: number for number, field in enumerate(definition.fields, 1)}
    only = Entity(1, definition, ids, retired=False)
    return Model(Snapshot(1, {only.name: only}, {1: only}, []))


def schema_of(
    *entities: dict[str, Any], relations: Sequence[dict[str, Any]] = (), **kinds: Sequence[dict[str, Any]]
) -> Model:
    """A schema at version 7 of these entities, numbered from 1, their relations, numbered from 101, and other kinds."""
    rows = [
        {
            "number": number,
            "definition": definition,
            "field_ids": {field["name"]: place for place, field in enumerate(definition["fields"], 1)},
            "retired": False,
        }
        for number, definition in enumerate(entities, 1)
    ]
    links = [
        {"number": number, "retired": False, "definition": definition}
        for number, definition in enumerate(relations, 101)
    ]
    return Model(Snapshot.read(7, {"entities": rows, "relations": links, "kinds": kinds}))
