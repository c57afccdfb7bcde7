"""The statements that read notes and notifications for their verification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from libs.shared import exact
from libs.shared.bus.consumers.checkpoints import Position
from libs.shared.postgres.databases import Database
from libs.shared.replays.derived import StoredRow
from services.notify.recipients import Receivers

# The constant columns of notifications of the commits after ($1, $2), up to ($3, $4). Texts may be long and
# repeated, so only their digests are read.
COLUMNS = """
json_build_object('effect_key', effect_key, 'position', position, 'n', n, 'channel', channel,
    'recipient', recipient, 'user_id', user_id, 'subject', encode(sha256(convert_to(subject, 'UTF8')), 'hex'),
    'body', encode(sha256(convert_to(body, 'UTF8')), 'hex'), 'confidential', confidential, 'metadata', metadata,
    'entity', entity, 'record_id', record_id, 'trace_id', trace_id) AS columns
"""
DIGEST = "columns::text AS columns, sha256(convert_to(columns::text, 'UTF8')) AS digest"
OF_COMMITS = f"""
SELECT position, n, {DIGEST} FROM (
    SELECT position, n, {COLUMNS} FROM notify.notifications
    WHERE position IS NOT NULL AND n IS NOT NULL AND (position, n) > ($1, $2) AND (position, n) <= ($3, $4)
) c ORDER BY position, n
"""
# With the conditions of the index `notifications_stray`; $1 is when all commits were handled with notes.
STRAY = f"""
SELECT 0::bigint AS position, 0 AS n, {DIGEST} FROM (
    SELECT id, {COLUMNS} FROM notify.notifications
    WHERE (position IS NULL OR n IS NULL) AND (channel = 'in_app' OR metadata ?| ARRAY['rule_id', 'transition'])
        AND origin NOT IN ('workflow', 'digest', 'test') AND NOT metadata ?| ARRAY['event', 'workflow']
        AND created_at > $1
    ORDER BY created_at, id LIMIT $2
) c ORDER BY id
"""
NOTES = """
SELECT position, n, asked_by, addresses, user_ids, locales,
    sha256(convert_to(json_build_array(position, n, asked_by, addresses, user_ids)::text, 'UTF8')) AS digest
FROM notify.notes WHERE (position, n) > ($1, $2) AND (position, n) <= ($3, $4) ORDER BY position, n, asked_by
"""
NOTES_KEPT = "SELECT since FROM notify.notes_kept"
MAX_STRAYS = 1_000
NOTE = "note of receivers"
"""The name of a note in the report of differences."""


def note_key(place: Position, asked_by: str) -> str:
    """The key of a note."""
    return f"{place[0]}.{place[1]}/{asked_by}"


async def notes_kept(database: Database) -> datetime:
    """When notes began to be kept."""
    since: datetime = await database.fetchval(NOTES_KEPT)
    return since


class Note(NamedTuple):
    """The receivers that a rule or action has found, and the locales of users among them."""

    receivers: Receivers
    locales: Mapping[str, str]


async def notes(database: Database, first: Position, last: Position) -> dict[str, Note]:
    """The notes of a range of commits, by key."""
    rows = await database.fetch(NOTES, first[0], first[1] - 1, *last)
    return {
        note_key((row["position"], row["n"]), row["asked_by"]): Note(
            _receivers(row["addresses"], row["user_ids"]),
            {user: locale for user, locale in zip(row["user_ids"], row["locales"] or (), strict=False) if locale},
        )
        for row in rows
    }


async def of_commits(database: Database, after: Position, last: Position) -> list[StoredRow]:
    """Notifications of the commits after one position, up to another, and their notes."""
    found = [_found(row) for row in await database.fetch(OF_COMMITS, *after, *last)]
    for row in await database.fetch(NOTES, *after, *last):
        place, columns = (row["position"], row["n"]), {"receivers": _receivers(row["addresses"], row["user_ids"])}
        found.append(StoredRow(place, note_key(place, row["asked_by"]), columns, row["digest"], NOTE))
    return found


async def stray(database: Database, since: datetime) -> list[StoredRow]:
    """Notifications of an unnamed commit that were created after a moment; at most MAX_STRAYS."""
    return [_found(row) for row in await database.fetch(STRAY, since, MAX_STRAYS)]


def _found(row: Any) -> StoredRow:
    columns = exact.loads(row["columns"])
    return StoredRow((row["position"], row["n"]), columns["effect_key"], columns, row["digest"])


def _receivers(addresses: Sequence[str], user_ids: Sequence[str | None]) -> Receivers:
    return list(zip(addresses, user_ids, strict=True))
