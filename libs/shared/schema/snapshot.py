"""The schema of an app at one version, as every service reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from libs.shared.errors import RocketError
from libs.shared.schema.entities import EntityDefinition
from libs.shared.schema.policies import PolicyDefinition


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity with the ids that the log knows it and its fields by; ids outlive names.

    `field_ids` holds every field the entity ever had, also those left out today.
    """

    number: int
    definition: EntityDefinition
    field_ids: Mapping[str, int]
    retired: bool

    @property
    def name(self) -> str:
        return self.definition.name


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All definitions at `version`. `documents` holds the kinds' raw definitions, each with its id."""

    version: int
    entities: Mapping[str, Entity]
    by_number: Mapping[int, Entity]
    policies: Sequence[PolicyDefinition]
    documents: Mapping[str, Sequence[dict[str, Any]]] = field(default_factory=dict)

    def entity(self, name: str) -> Entity:
        """The live entity of this name. Raises UNKNOWN_ENTITY."""
        found = self.entities.get(name)
        if found is None:
            raise RocketError("UNKNOWN_ENTITY", f"Unknown entity: {name}")
        return found

    @classmethod
    def read(cls, version: int, document: Mapping[str, Any]) -> Snapshot:
        """A snapshot from the document that the metadata service sends."""
        entities = [
            Entity(
                number=row["number"],
                definition=EntityDefinition.model_validate(row["definition"]),
                field_ids=row["field_ids"],
                retired=row["retired"],
            )
            for row in document["entities"]
        ]
        return cls(
            version=version,
            entities={entity.name: entity for entity in entities if not entity.retired},
            by_number={entity.number: entity for entity in entities},
            policies=[PolicyDefinition.model_validate(row) for row in document["kinds"].get("permissions", ())],
            documents=document["kinds"],
        )
