"""Approvals: who may decide, how many must, and what happens until they do."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, model_validator

from libs.shared.schema.formulas import Formula
from libs.shared.schema.parts import Name, Part
from libs.shared.schema.validation_errors import error_at, first_duplicate
from libs.shared.schema.workflows.durations import Duration, parse_timeout
from libs.shared.schema.workflows.forms import Form, check_names
from libs.shared.schema.workflows.targets import END, Target

MAX_SEATS = 100
MAX_RUNGS = 50
WHO = ("role", "user", "path", "expression")


class Assignee(Part):
    """Who may decide: everybody with the role."""

    type: Literal["role"]
    role: Name


class Seat(Part):
    """A place in the circle of approvers: for a role, a user (id or address), or whom a path or expression names.

    With `each` it is one seat per person that it means. With `veto` its rejection rejects.
    """

    role: Name | None = None
    user: Name | None = None
    path: Name | None = None
    expression: Formula | None = None
    each: bool = False
    label: Name | None = None
    veto: bool = False

    @model_validator(mode="after")
    def _one(self) -> Seat:
        if sum(getattr(self, key) is not None for key in WHO) != 1:
            raise ValueError(f"has exactly one of {', '.join(WHO)}")
        return self

    @property
    def is_open(self) -> bool:
        """Whether nobody is named on entry: those who have the role when deciding may fill it."""
        return self.role is not None and not self.each


class Quorum(Part):
    """So many of them."""

    quorum: Annotated[int, Field(ge=1)]


class Majority(Part):
    """So many of the seats, or at least this part of them."""

    quorum: Annotated[int, Field(ge=1)] | None = None
    share: Annotated[float, Field(gt=0, le=1)] | None = None

    @model_validator(mode="after")
    def _one(self) -> Majority:
        if (self.quorum is None) == (self.share is None):
            raise ValueError("has exactly one of quorum, share")
        return self


class Escalation(Part):
    """After a while somebody else may decide, too, or instead."""

    after: Duration
    to: Seat
    replace: bool = False


class ApprovalStep(Part):
    """Waits until enough have approved, or can't any more, or until `timeout` ("72h", "30m", "1s") has passed."""

    id: Name
    type: Literal["approval"]
    assignee: Assignee | None = None
    approvers: Annotated[list[Seat], Field(min_length=1, max_length=MAX_SEATS)] | None = None
    mode: Literal["any", "all"] | Majority = "any"
    veto: bool = False
    separation: Annotated[list[Name], Field(max_length=MAX_SEATS)] = Field(default_factory=list)
    form: Form = Field(default_factory=list)
    timeout: Duration | None = None
    on_approve: Target = END
    on_reject: Target = END
    on_timeout: Target = END
    on_failure: Target | None = None
    escalation: Annotated[list[Escalation], Field(max_length=MAX_RUNGS)] = Field(default_factory=list)
    reminders: Annotated[list[Duration], Field(max_length=MAX_RUNGS)] = Field(default_factory=list)
    returns_to: Annotated[list[Name], Field(max_length=MAX_SEATS)] = Field(default_factory=list)
    may_reassign: bool = True

    @model_validator(mode="after")
    def _fits(self) -> ApprovalStep:
        check_names(self.form)
        if self.assignee is not None and self.approvers is not None:
            raise error_at("approvers", "goes without assignee only")
        if isinstance(self.mode, Majority) and self.mode.quorum is not None:
            self._check_quorum(self.mode.quorum)
        for key in ("separation", "returns_to", "reminders"):
            if double := first_duplicate(getattr(self, key)):
                raise error_at(f"{key}.{double[0]}", f"{double[1]} is named twice")
        return self

    def _check_quorum(self, quorum: int) -> None:
        seats = self.approvers or []
        if not any(seat.each for seat in seats) and quorum > max(len(seats), 1):
            raise error_at("mode.quorum", f"is more than there are seats ({max(len(seats), 1)})")

    @property
    def time_limit(self) -> timedelta | None:
        """How long the step waits; None: without limit."""
        return parse_timeout(self.timeout) if self.timeout is not None else None
