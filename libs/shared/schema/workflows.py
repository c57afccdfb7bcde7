"""Workflows: their trigger and their steps.

A kind of its own among the definitions; its natural key is `name`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from libs.shared.expressions import ExpressionError, compile_expression
from libs.shared.schema.strict import Strict, keys_of
from libs.shared.schema.validation_errors import error_at, first_duplicate, suggestion

MAX_STEPS = 200
MAX_ACTIONS = 50
MAX_CONTEXT = 200
MAX_TIMEOUT = timedelta(days=3660)
END: Literal["end"] = "end"
TIMEOUT = re.compile(r"(?:(\d{1,6})h)?(?:(\d{1,8})m)?(?:(\d{1,9})s)?", re.ASCII)

Name = Annotated[str, Field(min_length=1, max_length=200)]


class Part(Strict):
    """The base of all parts: null means absent, and documents are stored as sent."""

    always_written: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        known = keys_of(cls)
        return {key: value for key, value in given.items() if value is not None or key not in known}

    @model_serializer(mode="wrap")
    def _as_sent(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        kept = self.model_fields_set | self.always_written
        return {key: value for key, value in write(self).items() if key in kept}


class Trigger(Part):
    """The change that starts an instance: `field` of a record of `entity` becomes `to`."""

    type: Literal["state_change"]
    entity: Name
    field: Name
    to: str | bool | int | float


class Goto(Part):
    """The step to go on with, or "end"."""

    goto: Name


Target = Literal["end"] | Goto


class SetFieldAction(Part):
    """Sets one field of a record; "now" is the current time, `record_id` a path `context.x` or an id."""

    type: Literal["set_field"]
    entity: Name
    record_id: Name
    field: Name
    value: Any = None


class WebhookAction(Part):
    """A request to `url` with the context as JSON body."""

    type: Literal["webhook"]
    url: str = Field(pattern=r"^https?://.")
    method: Literal["POST", "PUT", "PATCH", "GET", "DELETE"] = "POST"


Action = Annotated[SetFieldAction | WebhookAction, Field(discriminator="type")]


class ActionStep(Part):
    """Does its actions in order, then goes on."""

    id: Name
    type: Literal["action"]
    actions: list[Action] = Field(default_factory=list, max_length=MAX_ACTIONS)
    then: Target = END


class ConditionStep(Part):
    """Branches by an expression over `context`."""

    id: Name
    type: Literal["condition"]
    expression: str = Field(min_length=1)
    on_true: Target = END
    on_false: Target = END

    @field_validator("expression")
    @classmethod
    def _compiles(cls, text: str) -> str:
        try:
            compile_expression(text)
        except ExpressionError as problem:
            raise ValueError(f"does not compile: {problem}") from None
        return text


class Assignee(Part):
    """Who may decide: everybody with the role."""

    type: Literal["role"]
    role: Name


class ApprovalStep(Part):
    """Waits until a user approves or rejects, or until `timeout` ("72h", "30m", "1s") has passed."""

    id: Name
    type: Literal["approval"]
    assignee: Assignee | None = None
    timeout: str | None = None
    on_approve: Target = END
    on_reject: Target = END
    on_timeout: Target = END

    @field_validator("timeout")
    @classmethod
    def _readable(cls, text: str | None) -> str | None:
        if text is not None:
            parse_timeout(text)
        return text

    @property
    def time_limit(self) -> timedelta | None:
        """How long the step waits; None: without limit."""
        return parse_timeout(self.timeout) if self.timeout is not None else None


Step = ActionStep | ConditionStep | ApprovalStep


class WorkflowDefinition(Part):
    """A workflow as an operator describes it. The first step starts; a missing target is the end."""

    always_written = frozenset({"context", "active"})

    name: Name
    trigger: Trigger
    context: dict[str, str] = Field(default_factory=dict, max_length=MAX_CONTEXT)
    steps: list[Annotated[Step, Field(discriminator="type")]] = Field(min_length=1, max_length=MAX_STEPS)
    active: bool = True

    @field_validator("name")
    @classmethod
    def _not_blank(cls, name: str) -> str:
        if not name.strip():
            raise ValueError("must not be blank")
        return name

    @model_validator(mode="after")
    def _joined_up(self) -> WorkflowDefinition:
        names = [step.id for step in self.steps]
        if END in names:
            raise error_at(f"steps.{names.index(END)}.id", 'no step may be called "end"')
        if double := first_duplicate(names):
            raise error_at(f"steps.{double[0]}.id", f"step {double[1]} is defined twice")
        for number, step in enumerate(self.steps):
            for key, target in targets(step):
                if target not in (END, *names):
                    hint = suggestion(target, names)
                    raise error_at(f"steps.{number}.{key}", f"step {step.id}: goes to the unknown step {target}{hint}")
        return self

    def step(self, step_id: str) -> Step:
        """The step of this id. Raises LookupError."""
        for step in self.steps:
            if step.id == step_id:
                return step
        raise LookupError(f"no step {step_id}")


def destination(target: Target) -> str:
    """The id of the step a target names, or "end"."""
    return target if isinstance(target, str) else target.goto


def targets(step: Step) -> Iterator[tuple[str, str]]:
    """Where a step can lead: `(key, step id or "end")`."""
    for key in ("then", "on_true", "on_false", "on_approve", "on_reject", "on_timeout"):
        if key in type(step).model_fields:
            yield key, destination(getattr(step, key))


def parse_timeout(text: str) -> timedelta:
    """The length of "72h", "30m", "1s" or "1h30m". Raises ValueError."""
    match = TIMEOUT.fullmatch(text)
    hours, minutes, seconds = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    length = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if not timedelta(0) < length <= MAX_TIMEOUT:
        raise ValueError('must be a time such as "72h", "30m" or "1s", longer than nothing and up to ten years')
    return length
