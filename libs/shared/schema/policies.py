"""Permission policies: who may do what to which records, and to which of their fields."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    Field,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from libs.shared.expressions import ExpressionError, compile_expression
from libs.shared.nearest import unknown
from libs.shared.schema.strict import Strict, is_stored, keys_of
from libs.shared.schema.validation_errors import error_at

ACTIONS = ("read", "create", "update", "delete")
"""Those without which nobody but an admin may do a thing. Without a policy for `comment`, readers may comment."""
OPERATORS = ("eq", "neq", "in", "not_in", "gt", "gte", "lt", "lte", "like")
MAX_FIELDS = 400
MAX_KEPT = 32


class Condition(Strict):
    """One comparison of a stored field with a fixed value; `$user.id` and `$user.email` name the caller's."""

    field: str
    operator: Literal["eq", "neq", "in", "not_in", "gt", "gte", "lt", "lte", "like"] = "eq"
    value: Any = None

    @model_validator(mode="after")
    def _is_compared(self, info: ValidationInfo) -> Condition:
        """Without a value `neq` would hold of everything that has one."""
        if "value" not in self.model_fields_set and not is_stored(info):
            raise error_at("value", "is required; null has to be said")
        return self


class FieldSelection(Strict):
    """The fields that a policy grants: those of `include`, or all but those of `exclude`. The key is always granted.

    Names of relations may stand among them: they are about the records that nested writes attach, detach and change.
    """

    include: list[str] | None = Field(None, max_length=MAX_FIELDS, exclude_if=lambda names: names is None)
    exclude: list[str] | None = Field(None, max_length=MAX_FIELDS, exclude_if=lambda names: names is None)

    @model_validator(mode="after")
    def _one_of_two(self) -> FieldSelection:
        if (self.include is None) == (self.exclude is None):
            raise ValueError("needs either include or exclude")
        return self

    def covers_relation(self, name: str, joined: bool) -> bool:
        """Whether it grants writing by a relation. Rows of other relations than many_to_many have rights of their own,
        so that they need not be included."""
        return (name in self.include or not joined) if self.include is not None else name not in (self.exclude or ())

    def hides_relation(self, name: str) -> bool:
        """Whether it hides a relation from readers. `include` is about fields only."""
        return name in (self.exclude or ())

    @property
    def named(self) -> list[str]:
        """The fields that it names."""
        return [*(self.include or ()), *(self.exclude or ())]

    def covers(self, name: str) -> bool:
        """Whether it grants this field."""
        return name in self.include if self.include is not None else name not in (self.exclude or ())


class KeepLast(Strict):
    """The mask that shows the last characters of a value."""

    keep_last: int = Field(ge=1, le=MAX_KEPT)


def _known_mask(said: Any, parse: ValidatorFunctionWrapHandler) -> Any:
    try:
        return parse(said)
    except ValidationError:
        known = keys_of(KeepLast)
        for key in said if isinstance(said, dict) else ():
            if key not in known:
                raise error_at(str(key), unknown(str(key), known)) from None
        raise ValueError(f'must be last4, email, hash, null or {{"keep_last": n}}, n from 1 to {MAX_KEPT}') from None


MaskName = Annotated[Literal["last4", "email", "hash", "null"] | KeepLast | None, WrapValidator(_known_mask)]
NONE: Final = "none"
PiiMask = Annotated[Literal["none", "last4", "email", "hash", "null"] | KeepLast | None, WrapValidator(_known_mask)]


def _compilable(text: str, info: ValidationInfo) -> str:
    if is_stored(info):
        return text
    try:
        compile_expression(text)
    except ExpressionError as error:
        raise ValueError(f"does not compile: {error}") from None
    return text


Visibility = Annotated[str, Field(min_length=1), AfterValidator(_compilable)]
"""An expression. It must compile also when it is imported, as it decides about visibility."""


class PolicyDefinition(Strict):
    """One grant: matches if the caller has a role and all conditions hold.

    `masks` say what is shown in place of fields, `pii_mask` of all other fields that are personal data,
    `visible_when` for which records fields are shown at all.
    """

    id: str = Field("", exclude=True)
    """Its id where it is stored; not a part of the definition."""
    entity: str
    action: Literal["read", "create", "update", "delete", "comment"]
    roles: list[str] = Field(default_factory=list)
    conditions: list[Condition] = Field(default_factory=list)
    effect: Literal["allow"] | None = Field(None, exclude_if=lambda effect: effect is None)
    fields: FieldSelection | None = Field(None, exclude_if=lambda fields: fields is None)
    masks: dict[str, MaskName] = Field(default_factory=dict, max_length=MAX_FIELDS, exclude_if=lambda masks: not masks)
    pii_mask: PiiMask = Field(NONE, exclude_if=lambda mask: mask == NONE)
    visible_when: dict[str, Visibility] = Field(
        default_factory=dict, max_length=MAX_FIELDS, exclude_if=lambda visible: not visible
    )

    @model_validator(mode="after")
    def _decides_something(self) -> PolicyDefinition:
        said = {
            "fields": self.fields, "masks": self.masks, "pii_mask": self.pii_mask != NONE,
            "visible_when": self.visible_when,
        }  # fmt: skip
        given = [key for key, value in said.items() if value]
        if self.action in ("delete", "comment") and given:
            reason = "records are deleted whole" if self.action == "delete" else "comments are about records as a whole"
            raise error_at(given[0], f"{reason}: a policy for {self.action} has nothing about fields")
        if self.action == "create" and given not in ([], ["fields"]):
            reason = "what is created has no state yet: masks and visible_when are for read and update"
            raise error_at(given[-1], reason)
        return self
