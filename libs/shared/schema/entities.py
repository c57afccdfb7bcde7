"""Entities: the shape of records."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from libs.shared.schema.fields import NAME, FieldDefinition
from libs.shared.schema.values import BadValue, parse_value

MAX_FIELDS = 400
RESERVED_NAMES = {"auth"}
VERSION_COLUMN = "_version"
DELETED = "deleted_at"


class PrimaryKey(BaseModel):
    """Which field identifies a record, and who makes its values."""

    model_config = ConfigDict(extra="allow", frozen=True)

    field: str
    type: Literal["uuid", "int", "bigint", "string"] = "uuid"
    generated: bool = True

    @field_validator("type", mode="before")
    @classmethod
    def _alias(cls, kind: Any) -> Any:
        return "int" if kind == "integer" else kind

    @model_validator(mode="after")
    def _strings_are_given(self) -> PrimaryKey:
        if self.type == "string" and self.generated:
            raise ValueError("string keys can't be generated; set generated to false")
        return self


class EntityDefinition(BaseModel):
    """An entity as an operator describes it (api.md, section 4)."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str
    table: str
    primary_key: PrimaryKey
    soft_delete: bool = False
    audit: bool = True
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
        if doubles := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"field {sorted(doubles)[0]} is defined twice")
        if self.primary_key.field not in names:
            raise ValueError(f"the key field {self.primary_key.field} is not among the fields")
        if self.key_field.type not in (self.primary_key.type, "text", "string"):
            raise ValueError("the key field and the primary key differ in type")
        if self.model_extra and self.model_extra.get("slug"):
            raise ValueError("slugs are not supported")
        for field in self.fields:
            _check_presets(field)
        return self

    @property
    def key_field(self) -> FieldDefinition:
        """The definition of the key field, with the type that the primary key gives it."""
        field = next(field for field in self.fields if field.name == self.primary_key.field)
        return field.model_copy(update={"type": self.primary_key.type})


def _check_presets(field: FieldDefinition) -> None:
    """Defaults and enum values must be values that the field can hold."""
    presets = list(field.enum or [])
    if field.default is not None:
        presets.append(field.default)
    for preset in presets:
        try:
            parse_value(field, preset)
        except BadValue as problem:
            raise ValueError(f"field {field.name}: {preset!r} {problem}") from None
    if field.enum and field.default is not None and field.default not in field.enum:
        raise ValueError(f"field {field.name}: the default is not in the enum")
