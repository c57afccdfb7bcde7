"""What an instance is told: by people, by time, by the answers of its commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from libs.shared.schema.workflows import WorkflowDefinition


@dataclass(frozen=True, slots=True)
class Decider:
    """A user, as the gateway knows them at this moment, and the trace and span of what they do."""

    id: str
    email: str = ""
    roles: tuple[str, ...] = ()
    trace_id: str = ""
    span_id: str = ""

    @property
    def is_admin(self) -> bool:
        """Whether they have the role admin."""
        return "admin" in self.roles

    def to_dict(self) -> dict[str, Any]:
        """As it is stored."""
        traced = {"trace_id": self.trace_id, "span_id": self.span_id} if self.trace_id else {}
        return {"id": self.id, "email": self.email, "roles": list(self.roles), **traced}


@dataclass(frozen=True, slots=True)
class Begin:
    """A new instance starts. `trigger` is what it sees under that name."""

    trigger: Mapping[str, Any]
    context: Mapping[str, Any]
    initiator: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Look:
    """Time has passed: an instance that has paused goes on."""


@dataclass(frozen=True, slots=True)
class Fire:
    """The time of a timer has come."""

    key: str


@dataclass(frozen=True, slots=True)
class TakenOver:
    """A command has been taken over by somebody who answers later; `output` is what is known already."""

    key: str
    output: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """A command has had its effect; `output` is what it gave."""

    key: str
    output: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A command has failed for good."""

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Decide:
    """A person approves or rejects, as themselves or on behalf of somebody. `visits` are those that they have seen."""

    approved: bool
    by: Decider
    on_behalf_of: Decider | None = None
    comment: str = ""
    form: Mapping[str, Any] | None = None
    step: str | None = None
    seat: str | None = None
    override: bool = False
    visits: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class Reassign:
    """A seat gets somebody else: users or a role."""

    by: Decider
    users: tuple[Mapping[str, Any], ...] = ()
    role: str | None = None
    seat: str | None = None
    step: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Return:
    """An approver sends the instance back to an earlier step."""

    by: Decider
    to_step: str
    comment: str
    step: str | None = None
    on_behalf_of: Decider | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """The instance ends here: by a person, a parent, or because of the record (`by` None)."""

    reason: str = ""
    by: Decider | None = None


@dataclass(frozen=True, slots=True)
class RecordChanged:
    """A commit has changed the record: `cancel_when` is looked at."""

    record: Mapping[str, Any] | None
    old: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class FollowRenames:
    """Entities and fields have new names: `{id, entity, new_name, fields, own}`, in their order.

    `own`: the entity is that of the record which the instance is about.
    """

    renames: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Break:
    """The instance can't go on, for a reason that lies outside of it."""

    reason: str


@dataclass(frozen=True, slots=True)
class RetryFailed:
    """A failed instance goes on at the failed step."""

    by: Decider


@dataclass(frozen=True, slots=True)
class Migrate:
    """The instance goes on by another definition; steps that it is at may have other ids there."""

    definition: WorkflowDefinition
    version: int
    by: Decider
    mapping: Mapping[str, str] = field(default_factory=dict)


Input = (
    Begin
    | Look
    | Fire
    | TakenOver
    | Answer
    | Refusal
    | Decide
    | Reassign
    | Return
    | Cancel
    | RecordChanged
    | Break
    | FollowRenames
    | RetryFailed
    | Migrate
)
