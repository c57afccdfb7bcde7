"""The activity of a record: the rows derived from the log and the steps of workflow instances, merged by time.

The rows only say that something happened. What it was is asked of the data service, in the caller's name, so an answer
holds nothing that they may not read today.
"""

from __future__ import annotations

import base64
import binascii
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from libs.shared import clock, exact
from libs.shared.contracts.activity import TYPES, DescribeActivity, ListActivity, ListRecordSteps
from libs.shared.contracts.context import SYSTEM, Context
from libs.shared.contracts.messages import Response
from libs.shared.contracts.schemas import ListNames
from libs.shared.errors import RocketError
from libs.shared.ids import parse_uuid
from libs.shared.nearest import unknown
from libs.shared.paging import page_of
from libs.shared.people import PeopleDirectory, look_up
from services.events import activity_store
from services.events.activity_views import Entry, commit_entry, step_entry
from services.events.state import State

WORKFLOW = "workflow"
MAX_LOOKED_AT = 2_000
"""Entries that one request looks at; what was hidden among them makes its page shorter."""
LOOK = 100
"""Entries that are looked at together."""
Place = tuple[datetime, UUID]
BEGINNING: Place = (datetime(9999, 1, 1, tzinfo=UTC), UUID(int=2**128 - 1))


@dataclass(frozen=True, slots=True)
class Found:
    """Something that happened: a row, or a step of an instance."""

    place: Place
    row: Mapping[str, Any]
    is_step: bool = False


async def list_activity(state: State, context: Context, request: ListActivity) -> Response:
    """One page of what has happened to a record, newest first."""
    query = dict(request.query)
    page, types = page_of(query), _types(query.get("type", ""))
    place = _parse_cursor(query["cursor"]) if query.get("cursor") else BEGINNING
    skipped = 0 if "cursor" in query else page.offset
    if skipped + page.size > MAX_LOOKED_AT:
        raise RocketError("INVALID_PAYLOAD", f"page goes up to {MAX_LOOKED_AT} entries; use cursor")
    about = await _describe(state, context, request, [])
    shown: list[tuple[Place, Entry]] = []
    looked_at, is_end = 0, False
    while len(shown) <= skipped + page.size and looked_at < MAX_LOOKED_AT and not is_end:
        found = await _find(state, context, about, place, types)
        shown += await _shown(state, context, request, found)
        looked_at, is_end = looked_at + len(found), len(found) < LOOK
        place = found[-1].place if found else place
    listed = shown[skipped : skipped + page.size]
    more = len(shown) > skipped + page.size or not is_end
    after = listed[-1][0] if len(shown) > skipped + page.size and listed else place
    meta: dict[str, Any] = {"per_page": page.size, "next_cursor": _cursor(after) if more else None}
    if "cursor" not in query:
        meta = {"page": page.number, **meta}
    return Response(body=exact.dumps({"data": [entry for _, entry in listed], "meta": meta}))


async def _describe(state: State, context: Context, request: ListActivity, found: Sequence[Found]) -> dict[str, Any]:
    """What the caller may read of the record and of these rows. Raises NOT_FOUND, FORBIDDEN."""
    rows = [each.row for each in found if not each.is_step]
    places = [(row["position"], row["n"]) for row in rows if row["type"] != "comment"]
    comments = [row["comment_id"] for row in rows if row["type"] == "comment"]
    asked = DescribeActivity(request.entity, request.id, list(dict.fromkeys(places)), comments)
    response = await state.core.rpc.request(asked, context)
    about: dict[str, Any] = exact.loads(response.body)
    return about


async def _find(
    state: State, context: Context, about: Mapping[str, Any], before: Place, types: Sequence[str]
) -> list[Found]:
    """The next things that happened, at most LOOK of them."""
    found: Iterator[Found] = iter(())
    record_id, names = about["record_id"], await _names(state, context, about["entity"])
    kept = [name for name in types if name != WORKFLOW]
    if kept or not types:
        database = state.database(context.the_app)
        rows = await activity_store.of_record(database, names, record_id, before, kept, LOOK)
        found = (Found((row["at"], UUID(row["key"])), dict(row) | {"id": row["key"]}) for row in rows)
    if WORKFLOW in types or not types:
        moment = "" if before == BEGINNING else clock.iso(before[0])
        asked = ListRecordSteps(names, record_id, moment, str(before[1]), LOOK)
        steps = exact.loads((await state.core.rpc.request(asked, context.for_user(SYSTEM))).body)
        told = (Found((clock.parse(step["at"]), UUID(step["id"])), step, True) for step in steps)
        found = itertools.chain(found, told)
    return sorted(found, key=lambda each: each.place, reverse=True)[:LOOK]


async def _names(state: State, context: Context, entity: str) -> list[str]:
    """All names that an entity has had; rows keep the one of when they were written."""
    names = await state.core.rpc.request(ListNames(), context.for_user(SYSTEM))
    return list(dict.fromkeys([entity, *names.titles.get(entity, ())]))


async def _shown(
    state: State, context: Context, request: ListActivity, found: Sequence[Found]
) -> list[tuple[Place, Entry]]:
    """What the caller may read, with the place of each."""
    if not found:
        return []
    about = await _describe(state, context, request, found)
    people = PeopleDirectory()
    deciders = {each.row["by"] for each in found if each.is_step and parse_uuid(str(each.row.get("by")))}
    if deciders:
        people = await look_up(state.core.rpc, context.for_user(SYSTEM), people, ids=deciders)
    entries = []
    for each in found:
        if each.is_step:
            person = people.named(str(each.row.get("by")))
            entries.append((each.place, step_entry(each.row, about, person.email if person else None)))
        elif (entry := commit_entry(each.row, about)) is not None:
            entries.append((each.place, entry))
    return entries


def _types(text: str) -> list[str]:
    """The types asked for, none for all. Raises INVALID_PAYLOAD."""
    types = [part.strip() for part in text.split(",") if part.strip()]
    for name in types:
        if name not in TYPES:
            message = unknown(name, TYPES)
            raise RocketError("INVALID_PAYLOAD", f"type: {message}", [{"field": "type", "message": message}])
    return list(dict.fromkeys(types))


def _cursor(place: Place) -> str:
    return base64.urlsafe_b64encode(exact.dumps([clock.iso(place[0]), str(place[1])])).decode().rstrip("=")


def _parse_cursor(text: str) -> Place:
    try:
        at, key = exact.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return clock.parse(at), UUID(key)
    except (ValueError, TypeError, binascii.Error, AttributeError):
        raise RocketError("INVALID_PAYLOAD", "cursor is none of this list") from None
