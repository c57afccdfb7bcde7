"""The warnings of a change: what is legal but doubtful, and what does not hold any more because of it.

What stands in a definition that was sent is always told. What stands in others is told where the change has brought
it about, as a field that is left out may still be used elsewhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from libs.shared.contracts.context import Context
from libs.shared.contracts.identity import FindPeople, ListRoles
from libs.shared.emails import same_address
from libs.shared.errors import RocketError
from libs.shared.ids import parse_uuid
from services.metadata.checking.expressions.problems import Told
from services.metadata.checking.kinds import KINDS
from services.metadata.checking.references.contradictions import Read, doubts_in
from services.metadata.checking.references.people import ROLE, USER, Mention, mentions_in
from services.metadata.model.schema import Schema
from services.metadata.state import State
from services.metadata.store.definitions import Definition

if TYPE_CHECKING:
    from services.metadata.editing.change import Change

Findings = dict[str, list[tuple[str, str]]]
"""Id of a definition → what is doubtful about it."""
MOST = 100
"""Warnings of one answer."""
PATIENCE = 2.0
"""Seconds in which the gateway must have said who there is: a warning is not worth more."""
ALWAYS = "admin"
"""The role that every app has somebody with."""


async def look(change: Change) -> None:
    """Add what is doubtful after a change to its warnings, within its transaction; and note who is named."""
    if not change.touched:
        return
    rows = await change.everything()
    found, mentions = await asyncio.to_thread(_doubts, change, rows)
    known = {warning["path"] for warning in change.warnings}
    change.warnings += [warning for warning in found if warning["path"] not in known][:MOST]
    change.mentions += mentions


async def absent(state: State, context: Context, mentions: Sequence[Mention]) -> list[Told]:
    """Warnings about roles and users whom nobody is. None where the gateway can't say now: the change is made."""
    try:
        return (await _absent(state, context.within(PATIENCE), mentions))[:MOST]
    except RocketError:
        return []


def _doubts(change: Change, rows: Sequence[Definition]) -> tuple[list[Told], list[Mention]]:
    after = _read(rows)
    found = _findings(rows, after, change.schema)
    others = {row_id for row_id, problems in found.items() if problems and row_id not in change.places}
    before = _before(change, rows) if others else {}
    warnings: list[Told] = []
    mentions: list[Mention] = []
    for row in rows:
        where = _place(change, row)
        known = () if row.id in change.places else before.get(row.id, ())
        warnings += [
            {"path": f"{where}{path}", "message": message}
            for path, message in found.get(row.id, ())
            if (path, message) not in known
        ]
        if row.id in change.places and (definition := after.get(row.id)):
            mentions += [Mention(f"{where}{m.path}", m.kind, m.name) for m in mentions_in(definition)]
    return warnings, mentions


async def _absent(state: State, context: Context, mentions: Sequence[Mention]) -> list[Told]:
    warnings: list[Told] = []
    roles = [mention for mention in mentions if mention.kind == ROLE and mention.name != ALWAYS]
    if roles:
        known = set((await state.core.rpc.request(ListRoles(), context)).names)
        warnings += [_warning(m, f"nobody has the role {m.name}") for m in roles if m.name not in known]
    users = [mention for mention in mentions if mention.kind == USER]
    if users:
        ids = [m.name for m in users if parse_uuid(m.name)]
        emails = [m.name for m in users if not parse_uuid(m.name)]
        people = (await state.core.rpc.request(FindPeople(ids=ids, emails=emails), context)).people
        there = {same_address(part) for person in people for part in person}
        warnings += [
            _warning(m, f"there is no active user {m.name}") for m in users if same_address(m.name) not in there
        ]
    return warnings


def _warning(mention: Mention, message: str) -> Told:
    return {"path": mention.path, "message": message}


def _place(change: Change, row: Definition) -> str:
    """How a path within a definition begins: where it stands in what was sent, else what it is called."""
    place = change.places.get(row.id)
    if place is None:
        place = f"{row.kind}.{row.key or row.id}"
    return f"{place}." if place else ""


def _read(rows: Iterable[Definition]) -> dict[str, Any]:
    """The definitions that can be read, by id."""
    found = {}
    for row in rows:
        try:
            found[row.id] = KINDS[row.kind].model.stored(row.document)
        except ValidationError:
            continue  # an older Rocket has stored it; nothing is made of it
    return found


def _findings(rows: Iterable[Definition], read: dict[str, Any], schema: Schema) -> Findings:
    kinds = {row.id: KINDS[row.kind] for row in rows}
    found = doubts_in([Read(row_id, definition) for row_id, definition in read.items()], schema)
    for row_id, definition in read.items():
        found.setdefault(row_id, []).extend(kinds[row_id].problems(definition, schema))
    return found


def _before(change: Change, rows: Sequence[Definition]) -> Findings:
    """What was doubtful before the change, reckoned from what it has touched."""
    made = {row.id for action, row in change.touched if action == "create"}
    gone = [row for action, row in change.touched if action == "delete"]
    then = [
        replace(row, document=change.before.get(row.id, row.document)) for row in [*rows, *gone] if row.id not in made
    ]
    return _findings(then, _read(then), change.schema_before)
