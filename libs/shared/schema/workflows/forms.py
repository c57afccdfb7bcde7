"""Forms: the fields that a decision or a manual start collects, and what a workflow takes in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from libs.shared.schema.fields import ALIASES, TYPES, FieldDefinition
from libs.shared.schema.parts import Name, Part
from libs.shared.schema.validation_errors import error_at, first_duplicate, suggestion
from libs.shared.schema.values import BadValue, parse_value

MAX_FORM_FIELDS = 100


def known_type(kind: str) -> str:
    """The canonical name of a field's type. Raises ValueError."""
    kind = ALIASES.get(kind, kind)
    if kind not in TYPES:
        raise ValueError(f"must be one of {', '.join(TYPES)}{suggestion(kind, TYPES)}")
    return kind


class FormField(Part):
    """A field of a form. `required`: always, or only for one of the two decisions."""

    name: Name
    type: str
    label: str | None = None
    required: bool | Literal["approve", "reject"] = False
    enum: Annotated[list[Any], Field(min_length=1, max_length=1_000)] | None = None
    default: Any = None
    help: str | None = None

    @field_validator("type")
    @classmethod
    def _type(cls, kind: str) -> str:
        return known_type(kind)

    @model_validator(mode="after")
    def _fits(self) -> FormField:
        try:
            field = self.as_field()
        except ValidationError as error:
            raise error_at("name", error.errors()[0]["msg"].removeprefix("Value error, ")) from None
        for key, values in (("default", [self.default] if self.default is not None else []), ("enum", self.enum or [])):
            for value in values:
                try:
                    parse_value(field, value)
                except BadValue as problem:
                    raise error_at(key, str(problem)) from None
        if self.default is not None and self.enum and self.default not in self.enum:
            raise error_at("default", "is not in the enum")
        return self

    def as_field(self) -> FieldDefinition:
        """The field of an entity whose values this one takes."""
        return FieldDefinition(name=self.name, type=self.type, enum=self.enum)

    def is_required_for(self, decision: str) -> bool:
        """Whether it must be filled for a decision: "approve", "reject", or "start"."""
        return self.required is True or self.required == decision


class InputField(Part):
    """A value that a manual start or a parent passes in."""

    type: str
    required: bool = False

    @field_validator("type")
    @classmethod
    def _type(cls, kind: str) -> str:
        return known_type(kind)


Form = Annotated[list[FormField], Field(max_length=MAX_FORM_FIELDS)]
Inputs = Annotated[
    dict[Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,62}$")], InputField], Field(max_length=MAX_FORM_FIELDS)
]


def check_names(form: Sequence[FormField]) -> None:
    """Raises the error of a form that names a field twice."""
    if double := first_duplicate([field.name for field in form]):
        raise error_at(f"form.{double[0]}.name", f"field {double[1]} is in the form twice")


def input_fields(inputs: Mapping[str, InputField]) -> list[FormField]:
    """Inputs as the fields of a form."""
    return [FormField(name=name, type=each.type, required=each.required) for name, each in inputs.items()]
