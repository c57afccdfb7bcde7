"""Which workflows a commit starts: pure, but for the memory of compiled definitions."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from pydantic import ValidationError

from libs.shared.contracts.streams import CommitEvent
from libs.shared.schema import Snapshot
from libs.shared.schema.workflows import Trigger, WorkflowDefinition

log = structlog.get_logger()

MAX_APPS = 1000
"""Apps whose triggers a process remembers; the ones longest unused go first."""
MAX_PLANS = 100_000
"""Plans remembered; far more than events can be under way, so that only those of parked events go."""
MAX_DEPTH = 16
"""Links of a chain in which every effect causes the next."""
SILENT = frozenset({"undo", "import"})
"""Causes of commits that start nothing (api.md, sections 4 and 14)."""


class CauseTooDeep(Exception):
    """A chain of effects has become longer than MAX_DEPTH: most likely workflows that trigger each other."""


@dataclass(frozen=True, slots=True)
class Startable:
    """An active definition that waits for its trigger; `document` is what instances are pinned to."""

    id: str
    definition: WorkflowDefinition
    document: Mapping[str, Any]


ByEntity = Mapping[str, Sequence[Startable]]


def compiled(snapshot: Snapshot) -> ByEntity:
    """The active workflows of an app by the entity that triggers them."""
    found: dict[str, list[Startable]] = defaultdict(list)
    for document in snapshot.documents.get("workflows", ()):
        if not document.get("active", True):
            continue
        try:
            definition = WorkflowDefinition.model_validate(document)
        except ValidationError as problem:
            # It was valid when it was saved; the others must not suffer for it.
            log.error("workflow.unreadable", workflow=document.get("name"), error=str(problem))
            continue
        found[definition.trigger.entity].append(Startable(document["id"], definition, document))
    return found


def started_by(workflows: ByEntity, event: CommitEvent) -> list[Startable]:
    """The workflows that a commit starts."""
    if event.cause in SILENT:
        return []
    return [w for w in workflows.get(event.entity, ()) if fires(w.definition.trigger, event)]


def check_depth(starting: Sequence[Startable], event: CommitEvent) -> None:
    """Raises CauseTooDeep when workflows would start at the end of a long chain."""
    if starting and event.cause_depth >= MAX_DEPTH:
        names = ", ".join(startable.definition.name for startable in starting)
        raise CauseTooDeep(f"{names}: not started, as {event.cause_depth} effects caused each other before")


def fires(trigger: Trigger, event: CommitEvent) -> bool:
    """Whether the record has come into the trigger's state by this commit."""
    if event.after is None or event.after.get(trigger.field) != trigger.to:
        return False
    if event.action == "create":
        return True
    change = event.changed.get(trigger.field)
    return change is not None and change.get("old") != change.get("new")


class Triggers:
    """The compiled workflows of the apps in use, and what the commits being handled will start.

    Timers are armed ahead of a transaction for what is planned then; the transaction starts exactly
    that, whatever has been defined meanwhile.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[int, ByEntity]] = OrderedDict()
        self._plans: OrderedDict[tuple[str, str], list[Startable]] = OrderedDict()

    def interest(self, app_id: str, snapshot: Snapshot) -> Callable[[str, str], bool]:
        """Says of an entity and an action whether such a commit may start anything."""
        workflows = self._workflows(app_id, snapshot)
        return lambda entity, action: entity in workflows

    def plan(self, app_id: str, snapshot: Snapshot, events: Iterable[CommitEvent]) -> bool:
        """Decide what the events start; False when that is nothing."""
        workflows, planned = self._workflows(app_id, snapshot), False
        for event in events:
            if starting := started_by(workflows, event):
                self._plans[app_id, event.key] = starting
                planned = True
        while len(self._plans) > MAX_PLANS:
            self._plans.popitem(last=False)
        return planned

    def planned(self, app_id: str, event: CommitEvent) -> list[Startable]:
        """What an event starts, as planned."""
        return self._plans.get((app_id, event.key), [])

    def carried_out(self, app_id: str, events: Iterable[CommitEvent]) -> bool:
        """Forget the plans of events that are done with; False when there were none."""
        done = [self._plans.pop((app_id, event.key), None) for event in events]
        return any(done)

    def _workflows(self, app_id: str, snapshot: Snapshot) -> ByEntity:
        """The app's workflows at the newest version seen; compiles only what is new."""
        known = self._known.get(app_id)
        if known is None or known[0] < snapshot.version:
            known = self._known[app_id] = (snapshot.version, compiled(snapshot))
        self._known.move_to_end(app_id)
        while len(self._known) > MAX_APPS:
            self._known.popitem(last=False)
        return known[1]
