"""The warnings of a change: legal but doubtful definitions, and definitions that the change breaks.

Warnings about a definition that was sent are always reported. Warnings about others are reported where the change has
caused them: a field that is left out may still be used elsewhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from libs.shared.contracts.context import Context
from libs.shared.contracts.identity import FindPeople, ListRoles
from libs.shared.emails import same_address
from libs.shared.errors import RocketError
from libs.shared.ids import parse_uuid
from libs.shared.schema.kinds import KINDS
from services.metadata.checking.expression_errors import DefinitionWarning
from services.metadata.checking.parsing import read_stored
from services.metadata.checking.reference_errors import reference_errors
from services.metadata.checking.references.contradictions import ParsedDefinition, contradictions_in
from services.metadata.checking.references.people import ROLE, USER, Mention, mentions_in
from services.metadata.editing.change import Change
from services.metadata.model.definition import Definition
from services.metadata.model.schema import LiveSchema
from services.metadata.state import State

Findings = dict[str, list[tuple[str, str]]]
"""Id of a definition → path and message of each warning."""
MAX_WARNINGS = 100
"""Warnings of one answer."""
TIMEOUT_S = 2.0
"""How long the gateway may take to say which users and roles exist: a warning is not worth more."""
ROLE_OF_EVERY_APP = "admin"
"""The role that exists in every app."""


async def add_contradictions(change: Change) -> None:
    """Add the warnings after a change, in its transaction, and collect the named roles and users."""
    if not change.touched:
        return
    rows = await change.everything()
    found, mentions = await asyncio.to_thread(_contradictions, change, rows)
    known = {warning["path"] for warning in change.warnings}
    change.warnings += [warning for warning in found if warning["path"] not in known][:MAX_WARNINGS]
    change.mentions += mentions


async def unknown_people(state: State, context: Context, mentions: Sequence[Mention]) -> list[DefinitionWarning]:
    """Warnings about unassigned roles and unknown users. None if the gateway is unreachable."""
    try:
        roles, users = await _unknown_names(state, context.within(TIMEOUT_S), mentions)
    except RocketError:
        return []
    found = [_warning(m, f"nobody has the role {m.name}") for m in roles]
    found += [_warning(m, f"there is no active user {m.name}") for m in users]
    return found[:MAX_WARNINGS]


def _contradictions(change: Change, rows: Sequence[Definition]) -> tuple[list[DefinitionWarning], list[Mention]]:
    after = _read(rows)
    found = _findings(rows, after, change.schema)
    others = {row_id for row_id, problems in found.items() if problems and row_id not in change.paths}
    before = _findings_before(change, rows) if others else {}
    warnings: list[DefinitionWarning] = []
    mentions: list[Mention] = []
    for row in rows:
        prefix = _path_prefix(change, row)
        known = () if row.id in change.paths else before.get(row.id, ())
        warnings += [
            {"path": f"{prefix}{path}", "message": message}
            for path, message in found.get(row.id, ())
            if (path, message) not in known
        ]
        if row.id in change.paths and (definition := after.get(row.id)):
            mentions += [Mention(f"{prefix}{m.path}", m.kind, m.name) for m in mentions_in(definition)]
    return warnings, mentions


async def _unknown_names(
    state: State, context: Context, mentions: Sequence[Mention]
) -> tuple[list[Mention], list[Mention]]:
    """The roles that no user has, and the users that do not exist. Raises the errors of the gateway."""
    roles = [mention for mention in mentions if mention.kind == ROLE and mention.name != ROLE_OF_EVERY_APP]
    if roles:
        known = set((await state.core.rpc.request(ListRoles(), context)).names)
        roles = [m for m in roles if m.name not in known]
    users = [mention for mention in mentions if mention.kind == USER]
    if users:
        ids = [m.name for m in users if parse_uuid(m.name)]
        emails = [m.name for m in users if not parse_uuid(m.name)]
        people = (await state.core.rpc.request(FindPeople(ids=ids, emails=emails), context)).people
        there = {same_address(part) for person in people for part in person}
        users = [m for m in users if same_address(m.name) not in there]
    return roles, users


def _warning(mention: Mention, message: str) -> DefinitionWarning:
    return {"path": mention.path, "message": message}


def _path_prefix(change: Change, row: Definition) -> str:
    """The prefix of paths within a definition: its path in the request, else its title."""
    path = change.paths.get(row.id, row.title)
    return f"{path}." if path else ""


def _read(rows: Iterable[Definition]) -> dict[str, Any]:
    """The definitions that can be read, by id."""
    return {row.id: definition for row in rows if (definition := read_stored(row)) is not None}


def _findings(rows: Iterable[Definition], read: dict[str, Any], schema: LiveSchema) -> Findings:
    kinds = {row.id: KINDS[row.kind] for row in rows}
    found = contradictions_in([ParsedDefinition(row_id, definition) for row_id, definition in read.items()], schema)
    for row_id, definition in read.items():
        found.setdefault(row_id, []).extend(reference_errors(kinds[row_id], definition, schema))
    return found


def _findings_before(change: Change, rows: Sequence[Definition]) -> Findings:
    """What was doubtful before the change."""
    created = {row.id for action, row in change.touched if action == "create"}
    deleted = [row for action, row in change.touched if action == "delete"]
    then = [
        replace(row, document=change.before.get(row.id, row.document))
        for row in [*rows, *deleted]
        if row.id not in created
    ]
    return _findings(then, _read(then), change.schema_before)
