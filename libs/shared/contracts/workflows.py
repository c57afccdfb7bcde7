"""Running workflows: what the workflow service answers. `query` is the URL's query as pairs, in order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from libs.shared.contracts.bodies import RequestBody, RequiredText, Text, refusal
from libs.shared.contracts.messages import Request, Response, Writes
from libs.shared.contracts.records import Pairs
from libs.shared.parameters import PAGES, taking

MAX_COMMENT_CHARACTERS = 10_000


Comment = Annotated[Text, Field(max_length=MAX_COMMENT_CHARACTERS)]


class DecisionBody(RequestBody):
    """What is said with a decision: a comment, the values of the step's form.

    `step` and `seat` say which one is meant where there are several. `on_behalf_of` is a user (id or e-mail address)
    who has delegated to the caller. With `override`, an admin fills a seat of others.
    """

    may_be_absent: ClassVar[bool] = True

    comment: Comment | None = None
    form: dict[str, Any] | None = None
    step: str | None = None
    seat: str | None = None
    on_behalf_of: str | None = None
    override: bool = False


class SeatHolder(RequestBody):
    """Who gets a seat: a user (id or e-mail address), or those who have a role."""

    user: str | None = None
    role: Annotated[str, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def is_one(self) -> Self:
        """Refuse none or both."""
        if (self.user is None) == (self.role is None):
            raise refusal("required", "to has exactly one of user, role", "to")
        return self


class ReassignBody(RequestBody):
    """Who gets the seat; `step` and `seat` where there are several."""

    to: SeatHolder
    step: str | None = None
    seat: str | None = None
    reason: Comment | None = None


class ReturnBody(RequestBody):
    """The earlier step, and why."""

    to_step: str
    comment: Annotated[Text, Field(min_length=1, max_length=MAX_COMMENT_CHARACTERS)]
    step: str | None = None
    on_behalf_of: str | None = None


class CancelBody(RequestBody):
    """Why an instance is cancelled."""

    may_be_absent: ClassVar[bool] = True

    reason: Comment | None = None


class StartBody(RequestBody):
    """Which workflow (name or id) starts, for which record, with which inputs and form."""

    workflow: RequiredText
    record_id: Text | int | None = None
    context: dict[str, Any] = Field(default_factory=dict)
    form: dict[str, Any] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ListInstances(Request[Response]):
    """Instances that the caller may see, newest first or as `sort` says; the filters are in `query`, and `as_of`: the
    time at which they are looked at."""

    service, name = "workflow", "instances.list"
    parameters = taking(
        "status", "workflow", "version", "entity", "record", "record_id", "initiator", "step", "waiting_for",
        "due_before", "overdue", "from", "to", "as_of", "sort", *PAGES,
    )  # fmt: skip
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ListPending(Request[Response]):
    """Instances that wait for an approval; `assignee=me` in `query`: those the caller may decide."""

    service, name = "workflow", "instances.pending"
    parameters = taking("assignee", "workflow", "entity", "record_id", *PAGES)
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class GetInstance(Request[Response]):
    """One instance; `as_of` in `query`: as it was at a time, or after an entry of its history."""

    service, name = "workflow", "instances.get"
    parameters = taking("as_of")
    id: str
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DeleteInstance(Request[Response]):
    """The end of an instance, wherever it stands; what it has done stays done."""

    service, name = "workflow", "instances.delete"
    writes = Writes.APP
    id: str


@dataclass(frozen=True, slots=True)
class ApproveInstance(Request[Response]):
    """A yes to the approval an instance waits for; `body` is empty or says more."""

    service, name = "workflow", "instances.approve"
    body_model = DecisionBody
    writes = Writes.APP
    id: str
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class RejectInstance(Request[Response]):
    """A no to the approval an instance waits for; `body` is empty or says more."""

    service, name = "workflow", "instances.reject"
    body_model = DecisionBody
    writes = Writes.APP
    id: str
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class StartInstance(Request[Response]):
    """A new instance of a workflow with a manual trigger: 201 with the instance."""

    service, name = "workflow", "instances.start"
    body_model = StartBody
    writes = Writes.APP
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class ListStartable(Request[Response]):
    """The active workflows that the caller may start, by name, with their forms and inputs; `entity` in `query`: those
    about its records."""

    service, name = "workflow", "instances.startable"
    parameters = taking("entity")
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CancelInstance(Request[Response]):
    """The end of a running or failed instance, and of its sub-workflows; by admins and by who started it."""

    service, name = "workflow", "instances.cancel"
    body_model = CancelBody
    writes = Writes.APP
    id: str
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class ReassignSeat(Request[Response]):
    """Another holder for an open seat; by admins, and by who holds it."""

    service, name = "workflow", "instances.reassign"
    body_model = ReassignBody
    writes = Writes.APP
    id: str
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class ReturnInstance(Request[Response]):
    """Back to an earlier step, by who may decide."""

    service, name = "workflow", "instances.return"
    body_model = ReturnBody
    writes = Writes.APP
    id: str
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class RetryInstance(Request[Response]):
    """A failed instance goes on at the failed step; by admins."""

    service, name = "workflow", "instances.retry"
    writes = Writes.APP
    id: str
