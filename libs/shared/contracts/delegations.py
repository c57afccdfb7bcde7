"""Delegations: an absent person has somebody else decide in their place, for a while."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from pydantic import Field

from libs.shared.contracts.bodies import Moment, RequestBody, RequiredText, Text
from libs.shared.contracts.messages import Request, Response, Writes
from libs.shared.contracts.records import Pairs
from libs.shared.contracts.signals import AuditedChange
from libs.shared.parameters import PAGES, taking

MAX_WORKFLOWS = 100
MAX_REASON_CHARACTERS = 1_000


class DelegationBody(RequestBody):
    """Who decides instead (an id or e-mail address), from when (now) until when, in which workflows (all).

    `from` is the one whose place they take: oneself, or for admins anybody.
    """

    may_be_absent: ClassVar[bool] = False

    to: RequiredText
    origin: RequiredText | None = Field(None, alias="from")
    from_time: Moment | None = None
    until: Moment
    workflows: Annotated[list[RequiredText], Field(min_length=1, max_length=MAX_WORKFLOWS)] | None = None
    reason: Annotated[Text, Field(max_length=MAX_REASON_CHARACTERS)] | None = None


@dataclass(frozen=True, slots=True)
class ListDelegations(Request[Response]):
    """Delegations that the caller has given or received, latest end first; of everybody for admins with `all=true`."""

    service, name = "workflow", "delegations.list"
    parameters = taking("all", "active", *PAGES)
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CreateDelegation(Request[Response]):
    """Have somebody decide in one's place."""

    service, name = "workflow", "delegations.create"
    body_model = DelegationBody
    writes = Writes.APP
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class DeleteDelegation(Request[Response]):
    """End a delegation that the caller has given; admins end any."""

    service, name = "workflow", "delegations.delete"
    writes = Writes.APP
    id: str


@dataclass(frozen=True, slots=True)
class Delegates:
    """Who decides for whom now: `[delegator, delegate]` by their ids."""

    pairs: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class FindDelegates(Request[Delegates]):
    """Who decides in the place of these users (ids), in instances of a workflow: to tell them of decisions, too."""

    service, name, reply = "workflow", "delegations.find", Delegates
    by_services = True
    users: list[str]
    workflow_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegationChanged(AuditedChange):
    """A delegation was given or ended: `delegations_created`, `delegations_deleted`."""

    service = "workflow"

    @property
    def what(self) -> str:
        return f"{self.entity.strip('_')}_{self.audit['action']}d"
