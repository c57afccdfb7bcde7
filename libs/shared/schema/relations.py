"""Relations: which records belong together, and what happens to them on deletion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from libs.shared.schema.entities import EntityDefinition
from libs.shared.schema.fields import NAME, SYSTEM_COLUMNS
from libs.shared.schema.strict import Strict
from libs.shared.schema.validation_errors import error_at

WriteMode = Literal["diff", "replace", "append"]
MANY_TO_MANY = "many_to_many"


class RelationDefinition(Strict):
    """A relation as an operator describes it.

    `source_key` is a field of the source (its primary key unless said otherwise) that `target_key`, a
    field of the target, refers to. A many_to_many keeps pairs in `join_table` instead.
    """

    name: str
    type: Literal["one_to_one", "one_to_many", "many_to_many"]
    source: str = Field(min_length=1)
    target: str = Field(min_length=1)
    source_key: str | None = None
    target_key: str | None = None
    join_table: str | None = None
    source_join_key: str | None = None
    target_join_key: str | None = None
    ownership: str | None = None
    on_delete: Literal["cascade", "set_null", "restrict", "detach"] | None = None
    fetch: Literal["lazy", "eager"] | None = None
    write_mode: WriteMode | None = None
    acyclic: bool = False

    @field_validator("name", "join_table", "source_join_key", "target_join_key")
    @classmethod
    def _identifier(cls, name: str | None) -> str | None:
        if name is not None and not NAME.match(name):
            raise ValueError("must begin with a letter and hold letters, digits and _ only, at most 63")
        return name

    @field_validator("source_join_key", "target_join_key")
    @classmethod
    def _column(cls, name: str | None) -> str | None:
        if name in SYSTEM_COLUMNS:
            raise ValueError(f"must not be {name}, which PostgreSQL keeps for itself")
        return name

    @model_validator(mode="after")
    def _joined(self) -> RelationDefinition:
        if self.type == MANY_TO_MANY and not self.join_table:
            raise error_at("join_table", "a many_to_many relation needs one")
        if self.source_join_key and self.source_join_key == self.target_join_key:
            raise error_at("target_join_key", "must differ from source_join_key")
        if self.acyclic and (self.type == MANY_TO_MANY or self.source != self.target):
            raise error_at("acyclic", "is for a one_to_one or one_to_many relation of an entity with itself")
        return self


class BadRelation(ValueError):
    """A definition that means no relation; `field` is the key that is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation with every default filled in.

    `number` is what the log knows the pairs of a many_to_many by. `source_key` and `target_key` are
    fields of the two entities; for a many_to_many the join keys are the columns that refer to them.
    """

    number: int
    name: str
    type: str
    source: str
    target: str
    source_key: str
    target_key: str
    on_delete: str
    eager: bool
    write_mode: WriteMode
    join_table: str = ""
    source_join_key: str = ""
    target_join_key: str = ""
    acyclic: bool = False
    """Whether no record may be its own ancestor."""

    @property
    def joined(self) -> bool:
        """Whether pairs in a table of their own make the relation."""
        return self.type == MANY_TO_MANY

    @classmethod
    def of(cls, number: int, definition: RelationDefinition, entities: Mapping[str, EntityDefinition]) -> Relation:
        """The relation that a definition means. Raises BadRelation where keys are missing or don't fit."""
        source, target = entities[definition.source], entities[definition.target]
        source_key = definition.source_key or _only_key(source, "source_key")
        if definition.type == MANY_TO_MANY:
            source_join, target_join = join_keys(definition)
            return cls(
                number, definition.name, definition.type, source.name, target.name,
                source_key, _only_key(target, "target"),
                definition.on_delete or "detach", definition.fetch == "eager", definition.write_mode or "diff",
                definition.join_table or "", source_join, target_join,
            )  # fmt: skip
        target_key = definition.target_key or f"{source.name}_id"
        return cls(
            number, definition.name, definition.type, source.name, target.name, source_key, target_key,
            definition.on_delete or "restrict", definition.fetch == "eager", definition.write_mode or "diff",
            acyclic=definition.acyclic,
        )  # fmt: skip


def join_keys(definition: RelationDefinition) -> tuple[str, str]:
    """The columns of a join table: the source's, the target's. Raises BadRelation where they are one."""
    source = definition.source_join_key or f"{definition.source}_id"
    itself = "related_" if definition.source == definition.target else ""
    target = definition.target_join_key or f"{itself}{definition.target}_id"
    if source == target:
        raise BadRelation("target_join_key", "must differ from source_join_key")
    for key, column in (("source_join_key", source), ("target_join_key", target)):
        if not NAME.match(column):
            raise BadRelation(key, f"must be given, as {column} is longer than 63 characters")
    return source, target


def _only_key(entity: EntityDefinition, key: str) -> str:
    if len(entity.key_fields) > 1:
        raise BadRelation(key, f"{entity.name} has a composite key")
    return entity.key_fields[0].name


def check_relation(relation: Relation, entities: Mapping[str, EntityDefinition]) -> list[tuple[str, str]]:
    """Errors of a relation: (key of the definition, message)."""
    source, target = entities[relation.source], entities[relation.target]
    problems: list[tuple[str, str]] = []
    own: Any = field_of(source, relation.source_key)
    if own is None:
        return [("source_key", f"{source.name} has no field {relation.source_key}")]
    if _family(own.type) is None:
        return [("source_key", f"{relation.source_key} is {own.type}, which can't be referred to")]
    if not own.unique and [f.name for f in source.key_fields] != [own.name]:
        problems.append(("source_key", f"{relation.source_key} is neither the key nor a unique field of {source.name}"))
    if relation.joined:
        return problems
    other = field_of(target, relation.target_key)
    if other is None:
        problems.append(("target_key", f"{target.name} has no field {relation.target_key}"))
    elif _family(own.type) != _family(other.type):
        problems.append(("target_key", f"{relation.target_key} is {other.type}, {relation.source_key} is {own.type}"))
    return problems


def field_of(entity: EntityDefinition, name: str) -> Any:
    """The field of this name; a key field has the type of the key. None if it does not exist."""
    keys = {field.name: field for field in entity.key_fields}
    return keys.get(name) or next((field for field in entity.fields if field.name == name), None)


def _family(kind: str) -> str | None:
    """Types that can be compared with one another; None for those that identify nothing."""
    return None if kind in ("json", "file") else {"int": "number", "bigint": "number", "string": "text"}.get(kind, kind)
