"""Entities: the shape of records."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from libs.shared.nearest import unknown
from libs.shared.schema.fields import NAME, FieldDefinition
from libs.shared.schema.numbering import NUMBERING_TYPES, parse_format
from libs.shared.schema.strict import Strict
from libs.shared.schema.validation_errors import error_at, first_duplicate
from libs.shared.schema.values import BadValue, is_among, parse_value, parse_written

MAX_FIELDS = 400
RESERVED_NAMES = {"auth"}
VERSION_COLUMN = "_version"
DELETED = "deleted_at"


KEY_TYPES = ("uuid", "int", "bigint", "string")
SLUG_TYPES = ("string", "text")


class PrimaryKey(Strict):
    """The field (or the `fields` of a composite key) that identifies a record, and whether its values are generated."""

    field: str = ""
    fields: list[str] = Field(default_factory=list, max_length=8)
    type: Literal["uuid", "int", "bigint", "string"] = "uuid"
    generated: bool = True

    @field_validator("type", mode="before")
    @classmethod
    def _alias(cls, kind: Any) -> Any:
        return "int" if kind == "integer" else kind

    @model_validator(mode="before")
    @classmethod
    def _parts_are_given(cls, key: Any) -> Any:
        # Clients give the parts of a composite key, so that is what is meant when nothing is said.
        return {"generated": False, **key} if isinstance(key, dict) and key.get("fields") else key

    @model_validator(mode="after")
    def _whole(self) -> PrimaryKey:
        if bool(self.field) == bool(self.fields):
            raise ValueError("needs either field or fields")
        if len(set(self.fields)) != len(self.fields):
            raise error_at("fields", "names a field twice")
        if self.type == "string" and self.generated:
            raise error_at("generated", "string keys can't be generated; set generated to false")
        if self.fields and self.generated:
            raise error_at("generated", "composite keys can't be generated; set generated to false")
        return self

    @property
    def names(self) -> list[str]:
        """The fields that make the key, in order."""
        return self.fields or [self.field]


class Slug(Strict):
    """A readable second key of a record, made from `source` unless it is sent."""

    field: str
    source: str | None = None
    regenerate_on_update: bool = False


class EntityDefinition(Strict):
    """An entity as an operator describes it."""

    name: str
    table: str
    primary_key: PrimaryKey
    soft_delete: bool = False
    slug: Slug | None = None
    audit: bool | None = None
    require_if_match: bool = False
    comments: bool = True
    """Whether records have comments."""
    fields: list[FieldDefinition] = Field(min_length=1, max_length=MAX_FIELDS)

    @field_validator("name", "table")
    @classmethod
    def _identifier(cls, name: str) -> str:
        if not NAME.match(name):
            raise ValueError("must begin with a letter and hold letters, digits and _ only, at most 63")
        if name in RESERVED_NAMES:
            raise ValueError(f"must not be {name}")
        return name

    @model_validator(mode="after")
    def _whole(self) -> EntityDefinition:
        names = [field.name for field in self.fields]
        if double := first_duplicate(names):
            raise error_at(f"fields.{double[0]}.name", f"field {double[1]} is defined twice")
        for name in self.primary_key.names:
            if name not in names:
                raise error_at("primary_key", f"the key field {name} is not among the fields")
        for number, field in enumerate(self.fields):
            _check_presets(field, f"fields.{number}")
            _check_numbering(self, field, f"fields.{number}")
        _check_key(self)
        if self.slug:
            _check_slug(self, self.slug)
        return self

    def is_audited(self, by_default: bool) -> bool:
        """Whether changes of records are written to the audit log; `by_default` where the definition does not say."""
        return by_default if self.audit is None else self.audit

    @property
    def key_fields(self) -> tuple[FieldDefinition, ...]:
        """The fields of the key; a single one has the type that the primary key gives it."""
        by_name = {field.name: field for field in self.fields}
        if self.primary_key.fields:
            return tuple(by_name[name] for name in self.primary_key.fields)
        return (by_name[self.primary_key.field].model_copy(update={"type": self.primary_key.type}),)


def _check_numbering(entity: EntityDefinition, field: FieldDefinition, path: str) -> None:
    """The fields in a number's format exist, and have values that fit."""
    if field.auto != "sequence" or field.format is None:
        return
    if field.name in entity.primary_key.names:
        raise error_at(f"{path}.auto", "a key can't be numbered; use a generated key")
    others = {each.name: each for each in entity.fields if each.auto is None}
    for name in parse_format(field.format).fields:
        if name not in others:
            raise error_at(f"{path}.format", f"has {{field:{name}}}: {unknown(name, others)}")
        if others[name].type not in NUMBERING_TYPES:
            raise error_at(f"{path}.format", f"{name} must be one of {', '.join(NUMBERING_TYPES)}")


def _check_key(entity: EntityDefinition) -> None:
    by_name = {field.name: field for field in entity.fields}
    for name in entity.primary_key.fields:
        if by_name[name].type not in KEY_TYPES:
            raise error_at("primary_key.fields", f"the key field {name} must be one of {', '.join(KEY_TYPES)}")
    if entity.primary_key.field:
        sent = by_name[entity.primary_key.field].type
        if sent not in (entity.primary_key.type, "text", "string"):
            raise error_at("primary_key.type", "the key field and the primary key differ in type")


def _check_slug(entity: EntityDefinition, slug: Slug) -> None:
    by_name = {field.name: field for field in entity.fields}
    field = by_name.get(slug.field)
    if field is None:
        raise error_at("slug.field", f"there is no field {slug.field}")
    if not field.unique or field.type not in SLUG_TYPES:
        raise error_at("slug.field", f"{slug.field} must be a unique string")
    if slug.source is not None and slug.source not in by_name:
        raise error_at("slug.source", f"there is no field {slug.source}")


def _check_presets(field: FieldDefinition, where: str) -> None:
    """Defaults and enum values must be values that the field can hold."""
    presets = [("enum", value) for value in field.enum or []]
    if field.default is not None:
        presets.append(("default", field.default))
    for key, preset in presets:
        try:
            parse_written(field, preset)
        except BadValue as problem:
            raise error_at(f"{where}.{key}", f"field {field.name}: {preset!r} {problem}") from None
    if field.enum and field.default is not None and not is_among(field, parse_value(field, field.default), field.enum):
        raise error_at(f"{where}.default", f"field {field.name}: the default is not in the enum")
