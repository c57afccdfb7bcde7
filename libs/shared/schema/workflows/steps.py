"""The steps of a workflow. Some hold lists of steps of their own."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from libs.shared.schema.formulas import Formula
from libs.shared.schema.parts import MAX_ACTIONS, Name, Part
from libs.shared.schema.validation_errors import error_at
from libs.shared.schema.workflows.actions import Action
from libs.shared.schema.workflows.approvals import ApprovalStep, Quorum
from libs.shared.schema.workflows.durations import Duration
from libs.shared.schema.workflows.targets import END, Target

MAX_LIST = 200
MAX_BRANCHES = 50
MAX_VALUES = 200


class ActionStep(Part):
    """Does its actions in order, then goes on."""

    id: Name
    type: Literal["action"]
    actions: list[Action] = Field(default_factory=list, max_length=MAX_ACTIONS)
    then: Target = END
    on_failure: Target | None = None


class ConditionBranch(Part):
    """A branch of a condition: where to go when `when` holds."""

    when: Formula
    goto: Name


class ConditionStep(Part):
    """Branches by one expression, or goes the way of the first of several that holds."""

    id: Name
    type: Literal["condition"]
    expression: Formula | None = None
    on_true: Target = END
    on_false: Target = END
    branches: Annotated[list[ConditionBranch], Field(min_length=1, max_length=MAX_BRANCHES)] | None = None
    otherwise: Target = END
    on_failure: Target | None = None

    @model_validator(mode="after")
    def _one_way(self) -> ConditionStep:
        if (self.expression is None) == (self.branches is None):
            raise error_at("expression", "is required, or branches are: exactly one of them")
        foreign = ("on_true", "on_false") if self.expression is None else ("otherwise",)
        for key in foreign:
            if key in self.model_fields_set:
                raise error_at(key, f"goes with {'expression' if self.expression is None else 'branches'} only")
        return self


class SetStep(Part):
    """Computes values, which become the step's output and are put into the context."""

    id: Name
    type: Literal["set"]
    values: Annotated[dict[Name, Formula], Field(min_length=1, max_length=MAX_VALUES)]
    then: Target = END
    on_failure: Target | None = None


class AwaitedEvent(Part):
    """A business event of this name, which `condition` sees as `event`."""

    name: Name
    condition: Formula | None = None


class WaitStep(Part):
    """Waits for a while, until a time, or for an event."""

    model_config = ConfigDict(serialize_by_alias=True)

    id: Name
    type: Literal["wait"]
    length: Duration | None = Field(None, alias="for")
    until: Name | None = None
    event: AwaitedEvent | None = None
    timeout: Duration | None = None
    then: Target = END
    on_timeout: Target = END
    on_failure: Target | None = None

    @model_validator(mode="after")
    def _fits(self) -> WaitStep:
        if sum(each is not None for each in (self.length, self.until, self.event)) != 1:
            raise ValueError("has exactly one of for, until, event")
        for key in ("timeout", "on_timeout"):
            if key in self.model_fields_set and self.event is None:
                raise error_at(key, "goes with event only")
        if "on_timeout" in self.model_fields_set and self.timeout is None:
            raise error_at("on_timeout", "goes with timeout only")
        return self


class Branch(Part):
    """A list of steps that runs beside others."""

    steps: Annotated[list[Step], Field(min_length=1, max_length=MAX_LIST)]


class ParallelStep(Part):
    """Runs branches side by side, until all, any or enough of them have got there."""

    id: Name
    type: Literal["parallel"]
    branches: Annotated[dict[Name, Branch], Field(min_length=1, max_length=MAX_BRANCHES)]
    join: Literal["all", "any"] | Quorum = "all"
    then: Target = END
    on_failure: Target | None = None

    @model_validator(mode="after")
    def _fits(self) -> ParallelStep:
        if isinstance(self.join, Quorum) and self.join.quorum > len(self.branches):
            raise error_at("join.quorum", f"is more than there are branches ({len(self.branches)})")
        for name in self.branches:
            if "/" in name:
                raise error_at(f"branches.{name}", "must not hold a slash")
        return self

    @property
    def needed(self) -> int:
        """How many branches must get there."""
        if isinstance(self.join, Quorum):
            return self.join.quorum
        return 1 if self.join == "any" else len(self.branches)


class SubWorkflowStep(Part):
    """Starts another workflow, and waits for its end."""

    id: Name
    type: Literal["sub_workflow"]
    workflow: Name
    context: Annotated[dict[Name, str], Field(max_length=MAX_VALUES)] = Field(default_factory=dict)
    wait: bool = True
    then: Target = END
    on_failure: Target | None = None


class LoopStep(Part):
    """Runs its steps for every item of a list, one after the other or all at once."""

    id: Name
    type: Literal["loop"]
    over: Name
    steps: Annotated[list[Step], Field(min_length=1, max_length=MAX_LIST)]
    parallel: bool = False
    then: Target = END
    on_failure: Target | None = None


Step = Annotated[
    ActionStep | ConditionStep | SetStep | ApprovalStep | WaitStep | ParallelStep | SubWorkflowStep | LoopStep,
    Field(discriminator="type"),
]
Nesting = ParallelStep | LoopStep
Branch.model_rebuild()
LoopStep.model_rebuild()
ParallelStep.model_rebuild()
