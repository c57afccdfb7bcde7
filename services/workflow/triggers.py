"""Which workflows a commit starts: pure, but for the memory of what the commits being handled will start."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from pydantic import ValidationError

from libs.shared.contracts.streams import CommitEvent
from libs.shared.schema import Snapshot
from libs.shared.schema.workflows import Trigger, WorkflowDefinition

log = structlog.get_logger()

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


@dataclass(frozen=True, slots=True)
class Workflows:
    """The workflows of an app at one schema version: the active ones by the entity that triggers them."""

    version: int
    by_entity: ByEntity
    fields: Mapping[str, frozenset[str]]
    entities: Mapping[str, str]
    """The id of each workflow, active or not, and the entity that triggers it."""
    gone: ByEntity = field(default_factory=dict)
    """Those of an older version that have been deleted since: started by a commit if it was handled before that."""


def compiled(snapshot: Snapshot) -> Workflows:
    """The workflows of a snapshot."""
    fields = {
        name: frozenset(field.name for field in entity.definition.fields) for name, entity in snapshot.entities.items()
    }
    every = _read(snapshot.documents.get("workflows", ()))
    entities = {startable.id: startable.definition.trigger.entity for startable in every}
    return Workflows(snapshot.version, _waiting(every), fields, entities)


def compiled_past(version: int, documents: Iterable[Mapping[str, Any]], today: Workflows) -> Workflows:
    """The workflows of an older version that there were then and still are.

    An entity that has another name today is waited for under both: names are put into commits when they
    are published, which may have been before or after.
    """
    every = _read(documents)
    then = [startable for startable in every if startable.id in today.entities]
    by_entity = _waiting(then)
    for startable in then:
        name = today.entities[startable.id]
        if startable.definition.active and name != startable.definition.trigger.entity:
            by_entity.setdefault(name, []).append(startable)
    gone = _waiting(startable for startable in every if startable.id not in today.entities)
    return Workflows(version, by_entity, today.fields, today.entities, gone)


def _read(documents: Iterable[Mapping[str, Any]]) -> list[Startable]:
    found = []
    for document in documents:
        try:
            definition = WorkflowDefinition.stored(document)
        except ValidationError as problem:
            # It was valid when it was saved; the others must not suffer for it.
            log.error("workflow.unreadable", workflow=document.get("name"), error=str(problem))
            continue
        found.append(Startable(document["id"], definition, document))
    return found


def _waiting(startables: Iterable[Startable]) -> dict[str, list[Startable]]:
    found: dict[str, list[Startable]] = defaultdict(list)
    for startable in startables:
        if startable.definition.active:
            found[startable.definition.trigger.entity].append(startable)
    return found


def started_by(workflows: Workflows, event: CommitEvent) -> list[Startable]:
    """The workflows that a commit starts."""
    return _fired(workflows.by_entity, event)


def past_started_by(workflows: Workflows, event: CommitEvent) -> list[Startable]:
    """The deleted workflows that a commit started, if it was handled before they were deleted."""
    return _fired(workflows.gone, event)


def _fired(waiting: ByEntity, event: CommitEvent) -> list[Startable]:
    if event.cause in SILENT:
        return []
    return [w for w in waiting.get(event.entity, ()) if fires(w.definition.trigger, event)]


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
    """What the commits being handled will start.

    Timers are armed ahead of a transaction for what is planned then; the transaction starts exactly
    that, whatever has been defined meanwhile.
    """

    def __init__(self) -> None:
        self._plans: OrderedDict[tuple[str, str], list[Startable]] = OrderedDict()

    def plan(self, app_id: str, of: Callable[[CommitEvent], Workflows], events: Iterable[CommitEvent]) -> bool:
        """Decide what events start, `of` being the workflows that hold for each; False when that is nothing."""
        planned = False
        for event in events:
            if starting := started_by(of(event), event):
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
