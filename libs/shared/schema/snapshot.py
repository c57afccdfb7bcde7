"""The schema of an app at one version, as every service reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from pydantic import ValidationError

from libs.shared.errors import RocketError
from libs.shared.schema.app_settings import AppSettings
from libs.shared.schema.comments import COMMENT_DEFINITION, COMMENTS, COMMENTS_NUMBER, FIELD_IDS
from libs.shared.schema.entities import EntityDefinition
from libs.shared.schema.kinds import KINDS, SETTINGS
from libs.shared.schema.policies import PolicyDefinition
from libs.shared.schema.relations import MANY_TO_MANY, BadRelation, Relation, RelationDefinition, check_relation

log = structlog.get_logger()


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


COMMENT_ENTITY = Entity(COMMENTS_NUMBER, COMMENT_DEFINITION, FIELD_IDS, retired=False)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All definitions at `version`.

    `entities` are the operator's; `by_number` and `entity` also know the built-in one of comments.
    `relations` are in the order of their making. `joins` are the many_to_many ones by the number that
    the log knows their pairs by, also those that are gone. `documents` holds the kinds' raw
    definitions, each with its id. `awaited` names the entities whose commits any of these is about, active or not, and
    comments, whose mentions are notified; `cancelling` those whose commits may cancel instances of workflows, by a
    definition that may be an older one.
    """

    version: int
    entities: Mapping[str, Entity]
    by_number: Mapping[int, Entity]
    policies: Sequence[PolicyDefinition]
    documents: Mapping[str, Sequence[dict[str, Any]]] = field(default_factory=dict)
    relations: Mapping[str, Relation] = field(default_factory=dict)
    joins: Mapping[int, RelationDefinition] = field(default_factory=dict)
    awaited: frozenset[str] = frozenset()
    cancelling: frozenset[str] = frozenset()
    settings: AppSettings = field(default_factory=AppSettings)
    logged_names: dict[int, dict[str, str]] = field(default_factory=dict, compare=False, repr=False)
    """Names by field id, by the number of an entity or join table; filled when images of the log are read."""

    def entity(self, name: str) -> Entity:
        """The live entity of this name. Raises UNKNOWN_ENTITY."""
        found = self.entities.get(name)
        if found is None and name == COMMENTS:
            return COMMENT_ENTITY
        if found is None:
            raise RocketError("UNKNOWN_ENTITY", f"Unknown entity: {name}")
        return found

    @classmethod
    def read(cls, version: int, document: Mapping[str, Any]) -> Snapshot:
        """A snapshot from the document that the metadata service sends."""
        entities = [
            Entity(
                number=row["number"],
                definition=EntityDefinition.stored(row["definition"]),
                field_ids=row["field_ids"],
                retired=row["retired"],
            )
            for row in document["entities"]
        ]
        live = {entity.name: entity for entity in entities if not entity.retired}
        relations = [_Row(row) for row in document.get("relations", ())]
        return cls(
            version=version,
            entities=live,
            by_number={COMMENTS_NUMBER: COMMENT_ENTITY} | {entity.number: entity for entity in entities},
            relations=_relations(relations, live),
            joins={row.number: row.definition for row in relations if row.definition.type == MANY_TO_MANY},
            policies=list(_policies(document["kinds"].get("permissions", ()))),
            documents=document["kinds"],
            awaited=frozenset([*_awaited(document["kinds"]), *document.get("cancelling", ()), COMMENTS]),
            cancelling=frozenset(document.get("cancelling", ())),
            settings=settings_in(document["kinds"].get(SETTINGS.name, ())),
        )


def settings_in(rows: Sequence[Mapping[str, Any]]) -> AppSettings:
    """The settings among stored documents, of which there is one at most; the defaults if it can't be read."""
    try:
        return AppSettings.stored(rows[0]) if rows else AppSettings()
    except ValidationError as error:
        log.error("settings.not_readable", problems=error.error_count())
        return AppSettings()


def _awaited(kinds: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[str]:
    """The entities whose commits definitions react to, also of definitions that can't be read as a whole."""
    for kind in KINDS.values():
        if kind.consumes_commits:
            yield from filter(None, map(kind.consumed_entity, kinds.get(kind.name, ())))


def _policies(rows: Iterable[Mapping[str, Any]]) -> Iterator[PolicyDefinition]:
    """The policies that can be read; any other grants nothing."""
    for row in rows:
        try:
            yield PolicyDefinition.stored(row)
        except ValidationError as error:
            # Metadata validates with the same model; only an older Rocket can have stored this.
            log.error("policy.not_readable", policy_id=row.get("id"), problems=error.error_count())


class _Row:
    """A relation as the metadata service sends it."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        self.number: int = row["number"]
        self.retired: bool = row["retired"]
        self.definition = RelationDefinition.stored(row["definition"])


def _relations(rows: Sequence[_Row], entities: Mapping[str, Entity]) -> dict[str, Relation]:
    """The live relations whose ends hold.

    Definitions are checked before they are stored; should one not hold all the same, an app without
    that relation is worth more than no app at all.
    """
    definitions = {name: entity.definition for name, entity in entities.items()}
    relations: dict[str, Relation] = {}
    for row in rows:
        definition = row.definition
        if row.retired or definition.source not in definitions or definition.target not in definitions:
            continue
        try:
            relation = Relation.of(row.number, definition, definitions)
        except BadRelation:
            continue
        if not check_relation(relation, definitions):
            relations[definition.name] = relation
    return relations
