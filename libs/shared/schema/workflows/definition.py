"""The definition of a workflow as a whole."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator, model_validator

from libs.shared.schema.formulas import Formula
from libs.shared.schema.parts import Name, Part
from libs.shared.schema.strict import is_stored
from libs.shared.schema.validation_errors import error_at
from libs.shared.schema.workflows import structure
from libs.shared.schema.workflows.forms import Inputs
from libs.shared.schema.workflows.steps import MAX_LIST, Step
from libs.shared.schema.workflows.triggers import Trigger

MAX_CONTEXT = 200
MAX_DESCRIPTION_CHARACTERS = 10_000


class WorkflowDefinition(Part):
    """A workflow as an operator describes it. The first step starts; a missing target is the end."""

    always_written = frozenset({"context", "active"})

    name: Name
    description: Annotated[str, Field(max_length=MAX_DESCRIPTION_CHARACTERS)] | None = None
    trigger: Trigger
    inputs: Inputs = Field(default_factory=dict)
    context: dict[str, str] = Field(default_factory=dict, max_length=MAX_CONTEXT)
    steps: list[Step] = Field(min_length=1, max_length=MAX_LIST)
    cancel_when: Formula | None = None
    notify: bool = True
    active: bool = True

    @field_validator("name")
    @classmethod
    def _not_blank(cls, name: str) -> str:
        if not name.strip():
            raise ValueError("must not be blank")
        return name

    @model_validator(mode="after")
    def _joined_up(self, info: ValidationInfo) -> WorkflowDefinition:
        if is_stored(info):
            return self
        structure.check(self.steps)
        if self.cancel_when is not None and self.trigger.entity is None:
            raise error_at("cancel_when", "needs a trigger with an entity, whose record it looks at")
        for name in self.inputs:
            if name in self.context:
                raise error_at(f"inputs.{name}", "is in the context, too")
        return self

    def step(self, step_id: str) -> Any:
        """The step of this id, at whatever depth. Raises LookupError."""
        for each in structure.all_steps(self.steps):
            if each.step.id == step_id:
                return each.step
        raise LookupError(f"no step {step_id}")
