"""Running workflows: what the workflow service answers. `query` is the URL's query as pairs, in order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from pydantic import Field

from libs.shared.contracts.bodies import RequestBody, RequiredText, Text
from libs.shared.contracts.messages import Request, Response, Writes
from libs.shared.contracts.records import Pairs
from libs.shared.parameters import PAGES, taking

MAX_COMMENT_CHARACTERS = 10_000


class DecisionBody(RequestBody):
    """A comment, and the id of the step that is decided, where several wait."""

    may_be_absent: ClassVar[bool] = True

    comment: Annotated[Text, Field(max_length=MAX_COMMENT_CHARACTERS)] | None = None
    step: str | None = None


class StartBody(RequestBody):
    """Which workflow (name or id) starts, for which record, with which inputs and form."""

    workflow: RequiredText
    record_id: Text | int | None = None
    context: dict[str, Any] = Field(default_factory=dict)
    form: dict[str, Any] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ListInstances(Request[Response]):
    """Instances, newest first: status, workflow (name or id), record, page, per_page in `query`."""

    service, name = "workflow", "instances.list"
    parameters = taking("status", "workflow", "record", *PAGES)
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ListPending(Request[Response]):
    """Instances that wait for an approval; `assignee=me` in `query`: those the caller may decide."""

    service, name = "workflow", "instances.pending"
    parameters = taking("assignee", *PAGES)
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class GetInstance(Request[Response]):
    """One instance."""

    service, name = "workflow", "instances.get"
    id: str


@dataclass(frozen=True, slots=True)
class DeleteInstance(Request[Response]):
    """The end of an instance, wherever it stands; what it has done stays done."""

    service, name = "workflow", "instances.delete"
    writes = Writes.APP
    id: str


@dataclass(frozen=True, slots=True)
class ApproveInstance(Request[Response]):
    """A yes to the approval an instance waits for; `body` is empty or `{comment?}`."""

    service, name = "workflow", "instances.approve"
    body_model = DecisionBody
    writes = Writes.APP
    id: str
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class RejectInstance(Request[Response]):
    """A no to the approval an instance waits for; `body` is empty or `{comment?}`."""

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
