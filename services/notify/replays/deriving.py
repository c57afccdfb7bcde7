"""Derives the expected notifications from the rules of each commit's version: the verification of `notify`.

The receivers depend on the roles and addresses of users when the commit was handled; the note written then lists
them. So each rule that matches, and each action of a transition, must have a note, and each receiver
in it a notification.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from libs.shared import exact
from libs.shared.bus.consumers.checkpoints import Position
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.schemas import NamesEver
from libs.shared.contracts.streams import CommitEvent
from libs.shared.liquid_templates import compiled
from libs.shared.replays.derived import ExpectedRow, StoredRow, has_lost_names
from libs.shared.schema.notification_templates import NotificationTemplate
from services.notify import transition_actions
from services.notify.definitions import NotificationDefinitions
from services.notify.fan_out import NotificationRequest, may_have_found, notifications_of
from services.notify.linking import links_of
from services.notify.matching import Match, NewNotification, RuleIndex, environment_of, match
from services.notify.mentions import mention_notifications
from services.notify.recipients import Addressees
from services.notify.replays import store
from services.notify.replays.store import Note
from services.notify.state import State
from services.notify.store import hashed

RETENTION_MARGIN = timedelta(hours=1)
"""Allowance for clock differences, and for replicas of a version without notes that run beside newer ones."""
WORDING_COLUMNS = ("subject", "body")


class Notifications:
    """How this service derives notifications from commits."""

    consumer = "notify"
    row = "notification"
    # A commit may notify all users.
    entries = 50

    async def expected(
        self, state: State, app: AppRef, events: Sequence[CommitEvent], names: NamesEver
    ) -> Sequence[tuple[CommitEvent, ExpectedRow]]:
        """Notes and notifications of commits. Those of deleted rules, and those from before notes, are uncertain."""
        if not events:
            return []
        versions = {event.schema_version for event in events}
        await state.rules.prepare(app, versions)
        await state.definitions.prepare(app, versions)
        database, today = state.core.databases.of(app), state.rules.today(app)
        kept = await store.notes_kept(database) + RETENTION_MARGIN
        public_url = state.core.settings.public_url
        notes = await store.notes(database, _place(events[0]), _place(events[-1]))
        found = []
        for event in events:
            noted = datetime.fromisoformat(event.at) > kept
            definitions = state.definitions.of(app, event)
            for derived in derive(app, state.rules.of(app, event), today, event, names, definitions, public_url):
                note = notes.get(store.note_key(_place(event), derived.asked.asked_by))
                found += [(event, part) for part in _expected(event, derived, note, noted)]
        return found

    async def found(self, state: State, app: AppRef, after: Position, last: Position) -> Sequence[StoredRow]:
        """The stored notes and notifications; those without a commit are part of the first batch."""
        database = state.core.databases.of(app)
        strays = (
            await store.stray(database, await store.notes_kept(database) + RETENTION_MARGIN) if after == (0, 0) else []
        )
        return [*strays, *await store.of_commits(database, after, last)]

    def differing(self, expected: ExpectedRow, found: StoredRow, names: NamesEver) -> list[str]:
        """The columns that differ; the entity may have been renamed."""
        differing = [name for name, value in expected.columns.items() if found.columns[name] != value]
        if "entity" in differing and found.columns["entity"] in names.titles.get(expected.columns["entity"], ()):
            differing.remove("entity")
        return differing


@dataclass(frozen=True, slots=True)
class Derived:
    """A rule or action that requests notifications; without `exact`, their content is unknown."""

    asked: NotificationRequest
    certain: bool = True
    exact: bool = True


def derive(
    app: AppRef,
    index: RuleIndex,
    today: RuleIndex,
    event: CommitEvent,
    names: NamesEver,
    definitions: NotificationDefinitions,
    public_url: str = "",
) -> Iterable[Derived]:
    """The rules and actions that request notifications of a commit."""
    links = links_of(public_url, app.name, event.entity, event.record_id)
    if index.version < today.version and _has_lost_names(names, event.entity, today):
        # Conditions, templates and paths with former names can't be evaluated again: every result is accepted.
        environment = environment_of(app, event)
        for rule in (*index.candidates(event), *index.deleted_candidates(event)):
            yield Derived(Match(rule, event, environment, Addressees(), definitions), certain=False, exact=False)
    else:
        yield from map(Derived, match(app, index.candidates(event), event, definitions, links))
        deleted = match(app, index.deleted_candidates(event), event, definitions, links)
        yield from (Derived(found, certain=False) for found in deleted)
    # The log contains the actions of transitions with their texts.
    yield from map(Derived, transition_actions.transition_notifications(event, definitions))
    yield from map(Derived, mention_notifications(event))


def _has_lost_names(names: NamesEver, entity: str, today: RuleIndex) -> bool:
    return has_lost_names(names, entity, today.fields.get(entity, ())) or len(names.titles.get(entity, ())) > 1


def _expected(event: CommitEvent, derived: Derived, note: Note | None, noted: bool) -> Iterable[ExpectedRow]:
    """The note, and the notifications that must exist if it does."""
    key = store.note_key(_place(event), derived.asked.asked_by)
    if note is None:
        yield ExpectedRow(key, {}, derived.certain and noted, store.NOTE)
        return
    possible = not derived.exact or may_have_found(derived.asked, note.receivers)
    # Links depend on where Rocket was to be found then.
    in_words = derived.exact and not _reads_links(derived.asked)
    yield ExpectedRow(key, {} if possible else {"receivers": None}, row=store.NOTE)
    for new in notifications_of(derived.asked, note.receivers, note.locales):
        yield ExpectedRow(hashed(new.effect_key), _columns(new, in_words))


def _reads_links(asked: NotificationRequest) -> bool:
    template = asked.template if isinstance(asked, Match) else None
    if not isinstance(template, NotificationTemplate):
        return False
    texts = (compiled(source, form) for _, source, form in template.texts())
    return any(path[0] == "links" for text in texts for path in text.variables())


def _columns(new: NewNotification, in_words: bool) -> dict[str, Any]:
    position, n = new.place or (None, None)
    columns: dict[str, Any] = {
        "position": position,
        "n": n,
        "channel": new.channel,
        "recipient": new.recipient,
        "user_id": new.user_id,
        "subject": _digest(new.subject),
        "body": _digest(new.body),
        "confidential": new.confidential,
        # In the form that the database returns.
        "metadata": exact.loads(exact.dumps(new.metadata)),
        "entity": new.entity,
        "record_id": new.record_id,
        "trace_id": new.trace_id,
    }
    return {name: value for name, value in columns.items() if in_words or name not in WORDING_COLUMNS}


def _digest(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()


def _place(event: CommitEvent) -> Position:
    return event.position, event.n
