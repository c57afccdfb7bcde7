"""Running workflows: what the workflow service answers. `query` is the URL's query as pairs, in order."""

from __future__ import annotations

from dataclasses import dataclass, field

from libs.shared.contracts.messages import Answer, Ask, Writes
from libs.shared.contracts.records import Pairs
from libs.shared.parameters import PAGES, taking


@dataclass(frozen=True, slots=True)
class ListInstances(Ask[Answer]):
    """Instances, newest first: status, workflow (name or id), record, page, per_page in `query`."""

    service, name = "workflow", "instances.list"
    parameters = taking("status", "workflow", "record", *PAGES)
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ListPending(Ask[Answer]):
    """Instances that wait for an approval; `assignee=me` in `query`: those the caller may decide."""

    service, name = "workflow", "instances.pending"
    parameters = taking("assignee", *PAGES)
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class GetInstance(Ask[Answer]):
    """One instance."""

    service, name = "workflow", "instances.get"
    id: str


@dataclass(frozen=True, slots=True)
class DeleteInstance(Ask[Answer]):
    """The end of an instance, wherever it stands; what it has done stays done."""

    service, name = "workflow", "instances.delete"
    writes = Writes.APP
    id: str


@dataclass(frozen=True, slots=True)
class ApproveInstance(Ask[Answer]):
    """A yes to the approval an instance waits for; `body` is empty or `{comment?}`."""

    service, name = "workflow", "instances.approve"
    writes = Writes.APP
    id: str
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class RejectInstance(Ask[Answer]):
    """A no to the approval an instance waits for; `body` is empty or `{comment?}`."""

    service, name = "workflow", "instances.reject"
    writes = Writes.APP
    id: str
    body: bytes = b""
