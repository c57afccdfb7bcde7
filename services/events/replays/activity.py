"""The activity of records as a projection: verified against the commit log, and rebuilt from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from libs.shared import exact
from libs.shared.bus.consumers.checkpoints import Position, commit_progress
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.schemas import NamesEver
from libs.shared.contracts.streams import COMMITS, CommitEvent
from libs.shared.postgres.databases import Database
from libs.shared.replays import ReplayState, commits
from libs.shared.replays.derived import STEP_ENTRIES, ExpectedRow, StoredRow, has_lost_names
from libs.shared.replays.endpoints import ProgressOf
from services.events import activity_store
from services.events.activity import activity_rows, row_of
from services.events.state import State

ROWS = """
SELECT position, n, id::text AS id, sha256(convert_to(a::text, 'UTF8')) AS digest,
    json_build_object('entity', entity, 'record_id', record_id, 'type', type, 'field', field, 'comment_id', comment_id,
        'at', to_json(at) #>> '{}')::text AS columns
FROM events.activity a WHERE (position, n) > ($1, $2) AND (position, n) <= ($3, $4) ORDER BY position, n, sub
"""
COMPARED = ("entity", "record_id", "type", "field", "comment_id")
DROP_BEHIND = "DELETE FROM events.activity WHERE (position, n) > ($1, $2) AND (position, n) <= ($3, $4)"


def progress(state: State) -> Mapping[str, ProgressOf]:
    """How far the activity has come: as far as the audit log, whose consumer stores both."""

    async def reached(app: AppRef) -> tuple[int, int]:
        return await commit_progress(state.core.stream, COMMITS, Activity.consumer, app)

    return {"activity": reached}


class Activity:
    """How this service derives the activity of records from commits."""

    consumer = "audit"
    row = "activity"
    entries = STEP_ENTRIES

    async def expected(
        self, state: State, app: AppRef, events: Sequence[CommitEvent], names: NamesEver
    ) -> Sequence[tuple[CommitEvent, ExpectedRow]]:
        """The rows of commits, by the state machines of their schema versions."""
        await state.definitions.prepare(app, {event.schema_version for event in events})
        return [(event, row) for event in events for row in self._rows(state, app, event, names)]

    def _rows(self, state: State, app: AppRef, event: CommitEvent, names: NamesEver) -> Iterator[ExpectedRow]:
        definitions = state.definitions.of(app, event)
        definition = definitions.definition(event.entity)
        today = state.definitions.today(app).definition(event.entity)
        fields = [field.name for field in today.fields] if today is not None else []
        if event.action == "update" and has_lost_names(names, event.entity, fields):
            # What was a state then may have another name today: every result is accepted.
            possible = (row_of(event, sub, "", event.entity, event.record_id) for sub in range(len(event.changed) + 1))
            yield from (ExpectedRow(row["id"], {}, certain=False) for row in possible)
            return
        for row in activity_rows(event, definition, definitions.states(event.entity)):
            yield ExpectedRow(row["id"], {name: row[name] for name in COMPARED})

    async def found(self, state: State, app: AppRef, after: Position, last: Position) -> Sequence[StoredRow]:
        """The stored rows of a range."""
        rows = await state.database(app).fetch(ROWS, *after, *last)
        return [
            StoredRow((row["position"], row["n"]), row["id"], exact.loads(row["columns"]), row["digest"])
            for row in rows
        ]

    def differing(self, expected: ExpectedRow, found: StoredRow, names: NamesEver) -> list[str]:
        """The columns that differ; the entity may have been renamed."""
        differing = [name for name, value in expected.columns.items() if found.columns[name] != value]
        if "entity" in differing and found.columns["entity"] in names.titles.get(expected.columns["entity"], ()):
            differing.remove("entity")
        return differing


async def rebuild(state: State, app: AppRef, replay: ReplayState) -> bool:
    """Derive the rows of some more commits anew. Each step replaces its range in one transaction, so readers and the
    consumer go on."""
    if replay.get("after") is None:
        head = (await commits.read(state.core.rpc, app, commits.BEGINNING, 0, 0)).head
        replay.keep(after=[0, 0], position=head)
    after, until = tuple(replay.get("after")), replay.get("position")
    batch = await commits.read(state.core.rpc, app, after, until, STEP_ENTRIES)
    last = batch.last(until)
    await state.definitions.prepare(app, {event.schema_version for event in batch.events})
    rows = [row for event in batch.events for row in _derived(state, app, event)]
    await _replace(state.database(app), (after, last), rows)
    replay.count(len(batch.events))
    replay.keep(after=list(last))
    return not batch.events


def _derived(state: State, app: AppRef, event: CommitEvent) -> list[dict[str, Any]]:
    definitions = state.definitions.of(app, event)
    return activity_rows(event, definitions.definition(event.entity), definitions.states(event.entity))


async def _replace(database: Database, within: tuple[Any, Any], rows: list[dict[str, Any]]) -> None:
    async with database.transaction() as transaction:
        await transaction.execute(DROP_BEHIND, *within[0], *within[1])
        await activity_store.insert(transaction, rows)
