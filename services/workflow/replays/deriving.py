"""Derives the expected instances from the workflows of each commit's version: the verification of `workflow`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from libs.shared import exact
from libs.shared.bus.consumers.checkpoints import Position
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.schemas import NamesEver
from libs.shared.contracts.streams import CommitEvent
from libs.shared.replays.derived import STEP_ENTRIES, ExpectedRow, StoredRow, has_lost_names, key_of
from services.workflow.consumers import start_of
from services.workflow.replays import store
from services.workflow.starting import context_of
from services.workflow.state import State
from services.workflow.triggers import MAX_DEPTH, Workflow, WorkflowIndex, past_started_by, started_by


class Instances:
    """How this service derives instances from commits."""

    consumer = "workflow"
    row = "instance"
    entries = STEP_ENTRIES

    async def expected(
        self, state: State, app: AppRef, events: Sequence[CommitEvent], names: NamesEver
    ) -> Sequence[tuple[CommitEvent, ExpectedRow]]:
        """The instances that commits start. Deleted instances, and those of deleted workflows, are uncertain."""
        await state.workflows.prepare(app, {event.schema_version for event in events})
        found = []
        for event in events:
            derived = derive(state.workflows.of(app, event), state.workflows.today(app), event, names)
            found += [(event, part) for part in derived]
        deleted = await store.deleted(state.database(app), {event.key for event, _ in found})
        return [(event, part) for event, part in found if part.key not in deleted]

    async def found(self, state: State, app: AppRef, after: Position, last: Position) -> Sequence[StoredRow]:
        """The stored instances."""
        return await store.of_commits(state.database(app), after, last)

    def differing(self, expected: ExpectedRow, found: StoredRow, names: NamesEver) -> list[str]:
        """The columns that differ; the entity may have been renamed."""
        titles = {expected.columns["entity"], *names.titles.get(expected.columns["entity"], ())}
        differing = [name for name, value in expected.columns.items() if found.columns[name] != value]
        return [name for name in differing if name != "entity" or found.columns["entity"] not in titles]


def derive(index: WorkflowIndex, today: WorkflowIndex, event: CommitEvent, names: NamesEver) -> Iterable[ExpectedRow]:
    """The instances that a commit starts."""
    deep = event.cause_depth >= MAX_DEPTH
    if index.version < today.version and has_lost_names(names, event.entity, today.fields.get(event.entity, ())):
        # Triggers and contexts with former names can't be evaluated again: either result is accepted.
        every = (*index.candidates(event), *index.deleted_candidates(event))
        yield from (_expected(each, event, certain=False, context=False) for each in every)
        return
    yield from (_expected(each, event, certain=not deep) for each in started_by(index, event))
    yield from (_expected(each, event, certain=False) for each in past_started_by(index, event))


def _expected(workflow: Workflow, event: CommitEvent, *, certain: bool, context: bool = True) -> ExpectedRow:
    columns: dict[str, Any] = {
        "workflow_id": workflow.id,
        "workflow_name": workflow.definition.name,
        "definition": {name: value for name, value in workflow.document.items() if name != "version"},
        "entity": event.entity,
        "record_id": event.record_id,
        "commit_key": event.key,
        "actor": event.actor,
        "trace_id": event.trace_id,
        "cause_depth": event.cause_depth,
    }
    if context:
        columns["context"] = context_of(start_of(workflow, event))
    # In the form that the database returns.
    columns = exact.loads(exact.dumps(columns))
    return ExpectedRow(key_of(workflow.id, event.key), columns, certain)
