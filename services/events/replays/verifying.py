"""Verifies that each log entry has an audit row with the same content: the steps of verifying `audit`."""

from __future__ import annotations

from typing import Any

from libs.shared import exact
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.schemas import NamesEver
from libs.shared.contracts.streams import CommitEvent
from libs.shared.replays import ReplayState, commits
from services.events.audit import audit_row
from services.events.replays import store
from services.events.replays.comparing import differences
from services.events.state import State

STEP_ENTRIES = 300
"""Entries compared in one step."""
CONSUMER = "audit"


async def verify(state: State, app: AppRef, replay: ReplayState) -> bool:
    """Verify the next entries, once the consumer has reached the position of the log at the start."""
    if replay.get("after") is None:
        await _begin(state, app, replay)
        return False
    after, until = tuple(replay.get("after")), replay.get("position")
    batch = await commits.read(state.core.rpc, app, after, until, STEP_ENTRIES)
    last = batch.last(until)
    found = await store.rows(state.database(app), after, last)
    await state.definitions.prepare(app, {event.schema_version for event in batch.events})
    comparison = _Comparison(state, app, replay, NamesEver(**replay.get("names")), replay.get("unaudited"))
    comparison.compare({(event.position, event.n): event for event in batch.events}, found)
    replay.count(len(batch.events))
    replay.keep(after=list(last))
    if not batch.events:
        replay.values = {name: value for name, value in replay.values.items() if name not in ("names", "unaudited")}
    return not batch.events


async def _begin(state: State, app: AppRef, replay: ReplayState) -> None:
    """Wait for the consumer, then load all current and former names."""
    if not await commits.caught_up(state.core, app, replay, CONSUMER):
        return
    names = await commits.names_ever(state.core.rpc, app)
    unaudited = await store.unaudited(state.database(app))
    replay.keep(after=[0, 0], unaudited=unaudited, names={"titles": names.titles, "fields": names.fields})


class _Comparison:
    def __init__(self, state: State, app: AppRef, replay: ReplayState, names: NamesEver, unaudited: Any) -> None:
        self._app, self._definitions = app, state.definitions
        self._replay, self._names, self._unaudited = replay, names, unaudited

    def compare(self, events: dict[tuple[int, int], CommitEvent], rows: Any) -> None:
        """Entries and rows of the same batch, by their place in the log."""
        for row in rows:
            key = (row["position"], row["n"])
            event = events.pop(key, None)
            self._replay.add(row["digest"])
            if event is None:
                self._replay.differ("the log has no such entry", position=key[0], n=key[1])
            elif columns := self._differing(event, exact.loads(row["row"])):
                self._differ(event, f"the audit row has another {', '.join(columns)}")
        for event in events.values():
            if not self._opted_out(event):
                self._differ(event, "the audit row is missing")

    def _differing(self, event: CommitEvent, stored: Any) -> list[str]:
        expected = audit_row(event, None)
        assert expected is not None, "without a definition there is no opting out"
        return differences(exact.loads(exact.dumps(expected).decode()), stored, self._names)

    def _opted_out(self, event: CommitEvent) -> bool:
        """Whether the entity opts out: today, as after a rebuild, or at the commit, where its missing row was noted."""
        if self._definitions.today(self._app).opts_out(event.entity):
            return True
        first, last = self._unaudited.get(event.entity, (1, 0))
        return first <= event.position <= last and self._definitions.of(self._app, event).opts_out(event.entity)

    def _differ(self, event: CommitEvent, what: str) -> None:
        self._replay.differ(what, entity=event.entity, record_id=event.record_id, position=event.position, n=event.n)
