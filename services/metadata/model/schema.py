"""The entities and relations of an app within a change, by name. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from libs.shared.errors import RocketError, detail_of, invalid, invalid_field, sentence
from libs.shared.schema import EntityDefinition, FieldDefinition, Relation, RelationDefinition
from libs.shared.schema.comments import COMMENTS, TOLD_DEFINITION
from libs.shared.schema.links import Link, links_of
from libs.shared.schema.relations import BadRelation, check_relation, field_of
from services.metadata.model.definition import Definition


@dataclass(frozen=True, slots=True)
class LiveEntity:
    """An entity with its stored row."""

    row: Definition
    definition: EntityDefinition

    def field_id(self, name: str) -> int:
        """The id of a field in the log."""
        number: int = self.row.ids[name]["id"]
        return number

    @property
    def indexed(self) -> list[str]:
        """The fields that the entity itself has indexed."""
        keys = self.definition.primary_key.names
        return [f.name for f in self.definition.fields if f.unique or f.indexed or f.name in keys]

    def column_type(self, name: str) -> str:
        """The PostgreSQL type of a field's column."""
        found: FieldDefinition = field_of(self.definition, name)
        return found.column_type


@dataclass(frozen=True, slots=True)
class LiveRelation:
    """A relation with its stored row, and with its defaults filled in."""

    row: Definition
    definition: RelationDefinition
    relation: Relation

    def touches(self, entity: str) -> bool:
        """Whether the entity is at one of its ends."""
        return entity in (self.relation.source, self.relation.target)


@dataclass(slots=True)
class LiveSchema:
    """The live entities and relations; the names of notification channels and templates, by id."""

    entities: dict[str, LiveEntity] = field(default_factory=dict)
    relations: dict[str, LiveRelation] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)
    templates: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Iterable[Definition]) -> LiveSchema:
        """The schema of stored definitions."""
        schema = cls()
        found = list(rows)
        schema.channels = {row.id: str(row.key) for row in found if row.kind == "notification-channels"}
        schema.templates = {row.id: str(row.key) for row in found if row.kind == "notification-templates"}
        for row in (row for row in found if row.kind == "entities"):
            schema.put_entity(row, EntityDefinition.stored(row.document))
        for row in (row for row in found if row.kind == "relations"):
            schema.put_relation(row, RelationDefinition.stored(row.document))
        return schema

    def knows(self, name: str) -> bool:
        """Whether records of this name are told of: those of an entity, and comments."""
        return name == COMMENTS or name in self.entities

    def definition(self, name: str) -> EntityDefinition:
        """The shape of the records of an entity, or of comments."""
        return TOLD_DEFINITION if name == COMMENTS else self.entities[name].definition

    def copy(self) -> LiveSchema:
        """A copy that later changes of this schema do not touch."""
        return LiveSchema(dict(self.entities), dict(self.relations), dict(self.channels), dict(self.templates))

    def put_entity(self, row: Definition, definition: EntityDefinition) -> LiveEntity:
        """Add an entity, or its new definition."""
        self.entities[definition.name] = live = LiveEntity(row, definition)
        return live

    def put_relation(self, row: Definition, definition: RelationDefinition) -> LiveRelation:
        """Add a relation, or its new definition. Raises VALIDATION_FAILED where it does not fit the entities."""
        live = LiveRelation(row, definition, self.resolve(row.number, definition))
        self.relations[definition.name] = live
        return live

    def resolve(self, number: int, definition: RelationDefinition) -> Relation:
        """The relation with its defaults. Raises VALIDATION_FAILED naming the key that is wrong."""
        entities = {name: live.definition for name, live in self.entities.items()}
        for end in ("source", "target"):
            if getattr(definition, end) not in entities:
                raise invalid_field(end, f"{end}: unknown entity {getattr(definition, end)}")
        try:
            relation = Relation.of(number, definition, entities)
        except BadRelation as problem:
            raise invalid_field(problem.field, sentence(problem.field, str(problem))) from None
        problems = check_relation(relation, entities)
        if problems:
            raise invalid(sentence(*problems[0]), *(detail_of(key, message) for key, message in problems))
        return relation

    def relations_of(self, entity: str) -> Iterator[LiveRelation]:
        """The relations with an entity at one of their ends, in the order of their creation."""
        yield from [live for live in self.relations.values() if live.touches(entity)]

    def links(self, entity: str) -> Sequence[Link]:
        """The links from an entity to related records, in the order in which names are looked up."""
        relations = [live.relation for live in self.relations.values()]
        return links_of(entity, sorted(relations, key=lambda relation: relation.number))

    def all_links(self) -> dict[str, Sequence[Link]]:
        """The links of all entities, as they are now."""
        return {name: self.links(name) for name in self.entities}

    def check_table(self, table: str, number: int, key: str) -> None:
        """Raises CONFLICT when a table of this name belongs to another definition than number's."""
        owners = [(live.definition.table, live.row.number) for live in self.entities.values()]
        owners += [(live.relation.join_table, live.row.number) for live in self.relations.values()]
        if any(name == table and owner != number for name, owner in owners):
            raise _taken(key, f"the table {table} is taken")

    def check_relation_name(self, relation: Relation) -> None:
        """Raises CONFLICT where a field of the source has the relation's name: a key of a body could mean either."""
        if field_of(self.entities[relation.source].definition, relation.name) is not None:
            raise _taken("name", f"{relation.source} has a field {relation.name} already")

    def check_title(self, title: str, number: int, key: str) -> None:
        """Raises CONFLICT if two things would have this name in events: an entity, and the pairs of a join table."""
        names = [(name, live.row.number) for name, live in self.entities.items()]
        names += [(live.relation.join_table, live.row.number) for live in self.relations.values()]
        if any(name == title and owner != number for name, owner in names):
            raise _taken(key, f"{title} is the name of an entity or of a join table already")


def _taken(key: str, message: str) -> RocketError:
    return RocketError("CONFLICT", sentence(key, message), [detail_of(key, message)])
