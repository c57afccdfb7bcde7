"""Looking at workflows: histories, graphs, figures; and what is decided about many instances or versions at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from libs.shared.contracts.bodies import Moment, RequestBody, refusal
from libs.shared.contracts.messages import Request, Response, Writes
from libs.shared.contracts.records import Pairs
from libs.shared.contracts.workflows import Comment
from libs.shared.parameters import PAGES, taking

MAX_IDS = 500
"""Instances of one request."""
MAX_SAMPLE = 500
"""Past instances that one simulation runs again."""

Ids = Annotated[list[str], Field(min_length=1, max_length=MAX_IDS)]


class BulkDecisionBody(RequestBody):
    """One decision about many instances. `form` is the same for each of them."""

    ids: Ids
    decision: Literal["approve", "reject", "cancel"]
    comment: Comment | None = None
    form: dict[str, Any] | None = None

    @model_validator(mode="after")
    def fits(self) -> Self:
        """Refuse a form for a cancellation."""
        if self.decision == "cancel" and self.form is not None:
            raise refusal("unknown", "goes with approve and reject only", "form")
        return self


class MigrationBody(RequestBody):
    """The version to move running instances to: those of `instance_ids`, or all that have another one."""

    to_version: Annotated[int, Field(ge=1)]
    instance_ids: Ids | None = None
    all: bool = False
    mapping: dict[str, str] = Field(default_factory=dict)
    dry_run: bool = True

    @model_validator(mode="after")
    def says_which(self) -> Self:
        """Refuse none or both."""
        if (self.instance_ids is None) == (not self.all):
            raise refusal("required", "exactly one of instance_ids, all is required", "instance_ids")
        return self


class SimulationBody(RequestBody):
    """A definition that is tried on the newest `sample` ended instances, of those that started in a time."""

    definition: dict[str, Any]
    sample: Annotated[int, Field(ge=1, le=MAX_SAMPLE)] = 100
    since: Moment | None = Field(None, alias="from")
    until: Moment | None = Field(None, alias="to")


@dataclass(frozen=True, slots=True)
class ListInstanceHistory(Request[Response]):
    """The whole history of an instance, oldest first; page, per_page in `query`, and `as_of`: where it ends."""

    service, name = "workflow", "instances.history"
    parameters = taking("as_of", *PAGES)
    id: str
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class GetInstanceGraph(Request[Response]):
    """The steps of an instance's definition as a graph, with where it is and which ways it took; `as_of` in `query`:
    as it was then."""

    service, name = "workflow", "instances.graph"
    parameters = taking("as_of")
    id: str
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class GetWorkflowKpis(Request[Response]):
    """Figures of instances that started in a time: workflow, from, to, group_by in `query`."""

    service, name = "workflow", "kpis"
    parameters = taking("workflow", "from", "to", "group_by")
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DecideInstances(Request[Response]):
    """One decision about many instances, each for itself: a result per instance."""

    service, name = "workflow", "instances.decide"
    body_model = BulkDecisionBody
    writes = Writes.APP
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class MigrateInstances(Request[Response]):
    """Running instances of a workflow go on by another version of it; a dry run tells which can."""

    service, name = "workflow", "instances.migrate"
    body_model = MigrationBody
    writes = Writes.APP
    id: str
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class SimulateWorkflow(Request[Response]):
    """Past instances of a workflow run again by another definition: which would have gone another way."""

    service, name = "workflow", "simulate"
    body_model = SimulationBody
    id: str
    body: bytes = b""
