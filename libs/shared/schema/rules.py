"""Rules: conditions for writing and deleting records, and computed fields."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, Field, ValidationInfo, field_serializer, field_validator, model_validator

from libs.shared.expressions.functions.patterns import PatternError
from libs.shared.expressions.functions.patterns import compiled as compiled_pattern
from libs.shared.schema.fields import NUMBERS, FieldDefinition
from libs.shared.schema.formulas import Formula, compiled, is_lenient
from libs.shared.schema.parts import Name, Part
from libs.shared.schema.strict import Strict
from libs.shared.schema.validation_errors import error_at
from libs.shared.schema.values import BadValue, parse_text, parse_value

MAX_LOADS = 20
"""Relations that one rule may load."""
MAX_OPTIONS = 1_000
"""Values of one `in`."""

LIMITS = ("min", "max", "gt", "gte", "lt", "lte")
LENGTHS = ("min_length", "max_length")
MAX_LENGTH_VALUE = 2**31 - 1
LISTS = ("in", "not_in", "enum")
TEXTS = ("pattern", "like")
BARE = ("not_empty", "required")
"""Operators without a value."""

Operator = Literal[
    "min", "max", "gt", "gte", "lt", "lte", "min_length", "max_length", "pattern", "like",
    "eq", "neq", "in", "not_in", "enum", "not_empty", "required",
]  # fmt: skip


class RuleBody(Part):
    """The base of rules: `stop_on_fail` skips later rules once this one is violated."""

    stop_on_fail: bool = False

    @property
    def evaluable(self) -> bool:
        """Whether it can be decided. Only imported rules can't; they are never violated."""
        return True


class FieldRule(RuleBody):
    """Violated if the field's value does not satisfy `operator value`. Absent and null values pass."""

    field: Name
    operator: Operator
    value: Any = None
    message: str = ""

    @model_validator(mode="after")
    def _sound(self, info: ValidationInfo) -> FieldRule:
        problem = None if is_lenient(info) else _problem(self.operator, self.value)
        if problem:
            raise error_at("value", problem)
        return self

    @property
    def evaluable(self) -> bool:
        return _problem(self.operator, self.value) is None


class RelatedLoad(Part):
    """Records at the other end of a relation, as `related.<name>`; `filter` is `{"field.op": value}`.

    The name is what the relation is called by, unless it is given: then the relation may get another one.
    """

    relation: Name
    name: Name | None = None
    filter: dict[Name, Any] = Field(default_factory=dict, max_length=20)


Loads = Annotated[list[RelatedLoad], Field(max_length=MAX_LOADS)]


class ExpressionRule(RuleBody):
    """Violated where the expression is true."""

    expression: Formula
    message: str = ""
    related_load: Loads = Field(default_factory=list)

    @property
    def evaluable(self) -> bool:
        return compiled(self.expression) is not None


class ComputedRule(RuleBody):
    """Sets `field` to the result of the expression, in place of any sent value."""

    field: Name
    expression: Formula
    related_load: Loads = Field(default_factory=list)

    @property
    def evaluable(self) -> bool:
        return compiled(self.expression) is not None


Body = FieldRule | ExpressionRule | ComputedRule
BODIES: dict[str, type[Body]] = {"field": FieldRule, "expression": ExpressionRule, "computed": ComputedRule}


class RuleDefinition(Strict):
    """A rule as an operator describes it; `definition` depends on `type`."""

    decided_by: ClassVar[Mapping[str, tuple[str, Mapping[str, type[BaseModel]]]]] = {"definition": ("type", BODIES)}

    entity: Name
    hook: Literal["before_write", "before_delete", "after_write"]
    type: Literal["field", "expression", "computed"]
    definition: Body
    priority: int = 0
    active: bool = True

    @field_validator("type")
    @classmethod
    def _computed_before(cls, kind: str, info: ValidationInfo) -> str:
        if kind == "computed" and info.data.get("hook") in ("before_delete", "after_write"):
            raise ValueError("fields are computed before_write only")
        return kind

    @field_validator("definition", mode="plain")
    @classmethod
    def _body(cls, given: Any, info: ValidationInfo) -> Any:
        body = BODIES.get(info.data.get("type", ""))
        return body.under(info, given) if body else given

    @field_serializer("definition")
    def _as_sent(self, body: Body) -> dict[str, Any]:
        return body.model_dump()


def parse_operand(rule: FieldRule, field: FieldDefinition) -> Any:
    """The rule's value as a value of its field; for `in` and its like a list of them. Raises BadValue.

    Limits of numbers are numbers of any kind: an int may be compared with 0.5.
    """
    match rule.operator:
        case "in" | "not_in" | "enum":
            return [_comparable(field, option) for option in options(rule.value)]
        case "eq" | "neq":
            return _comparable(field, rule.value)
        case "min" | "max" | "gt" | "gte" | "lt" | "lte" if field.type in ("boolean", "json", "file"):
            raise BadValue(f"can't be compared by {rule.operator}")
        case "min" | "max" | "gt" | "gte" | "lt" | "lte":
            return _comparable(field, rule.value)
    return rule.value


def parse_filter(name: str, value: Any, fields: Mapping[str, FieldDefinition]) -> tuple[FieldDefinition, str, Any]:
    """Field, operator and parsed value of one part of a load's filter. Raises BadValue where it means nothing."""
    field_name, _, operator = name.partition(".")
    field = fields.get(field_name)
    if field is None:
        raise BadValue(f"there is no field {field_name}")
    try:
        if isinstance(value, list):
            return field, operator or "in", [parse_value(field, each) for each in value]
        return field, operator or "eq", None if value is None else parse_value(field, value)
    except BadValue as problem:
        raise BadValue(f"the value for {field_name} {problem}") from None


def options(value: Any) -> list[Any]:
    """The values of an `in`: a list, or text with commas between them."""
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else list(value)


def _comparable(field: FieldDefinition, value: Any) -> Any:
    if field.type in ("json", "file"):
        if not isinstance(value, dict | list):
            raise BadValue("must be an object or a list, as the field's values are")
        return value
    if field.type in NUMBERS:
        return _number(value)
    return parse_text(field, value) if isinstance(value, str) else parse_value(field, value)


def _number(value: Any) -> Decimal:
    plain = FieldDefinition(name="number", type="decimal")
    parsed: Decimal = parse_text(plain, value) if isinstance(value, str) else parse_value(plain, value)
    return parsed


def _problem(operator: str, value: Any) -> str | None:
    """The error in the value of an operator, for any field."""
    if operator in BARE:
        return None
    if value is None:
        return f"{operator} needs a value"
    if operator in LIMITS and (isinstance(value, bool) or not isinstance(value, int | float | Decimal | str)):
        return f"the value of {operator} must be a number, a date or a string"
    if operator in LENGTHS and not _is_length(value):
        return f"the value of {operator} must be a whole number from 0 to {MAX_LENGTH_VALUE}"
    if operator in LISTS and not _is_list(value):
        return f"the value of {operator} must be a list of 1 to {MAX_OPTIONS} values"
    return _problem_of_text(operator, value) if operator in TEXTS else None


def _is_length(value: Any) -> bool:
    number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    return number and 0 <= value <= MAX_LENGTH_VALUE and value % 1 == 0


def _is_list(value: Any) -> bool:
    return isinstance(value, list | str) and 0 < len(options(value)) <= MAX_OPTIONS


def _problem_of_text(operator: str, value: Any) -> str | None:
    if not isinstance(value, str):
        return f"the value of {operator} must be a string"
    try:
        if operator == "pattern":
            compiled_pattern(value)
    except PatternError as bad:
        return str(bad)
    return None
