"""Checks permissions for the other services: which of many records a user may read or write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from libs.shared import exact
from libs.shared.contracts import records as contracts
from libs.shared.errors import RocketError, invalid
from services.data.log.store import last_images
from services.data.model import EntityModel
from services.data.model.version import check_current
from services.data.permissions import Grant, granted
from services.data.query.statements import many_now_sql
from services.data.request.context import RequestContext
from services.data.request.schema_fence import under_schema

MAX_RECORDS = 1_000
"""Records of one batch."""
ACTIONS = ("read", "create", "update", "delete")


@dataclass(frozen=True, slots=True)
class Authorization:
    """What is decided about one record."""

    allowed: bool = False
    live: bool = False
    fields: tuple[str, ...] = ()


DENIED = Authorization()


@under_schema
async def authorize_records(ctx: RequestContext, request: contracts.AuthorizeRecords) -> contracts.RecordVerdicts:
    if len(request.records) > MAX_RECORDS or request.action not in ACTIONS:
        raise invalid(f"A request takes at most {MAX_RECORDS} records, and one action of {', '.join(ACTIONS)}")
    found: dict[tuple[str, str], Authorization] = {}
    for name in dict.fromkeys(entity for entity, _ in request.records):
        if name in ctx.model.schema.entities:
            entity = ctx.model.entity(name)
            ids = [record_id for other, record_id in request.records if other == name]
            grant = granted(entity, request.action, ctx.caller)
            found |= {(name, key): each for key, each in (await _decide(ctx, entity, grant, ids)).items()}
    await check_current(ctx.database, ctx.model)
    decided = [found.get((entity, record_id), DENIED) for entity, record_id in request.records]
    return contracts.RecordVerdicts(
        [each.allowed for each in decided],
        [each.live for each in decided],
        [list(each.fields) for each in decided],
    )


async def _decide(
    ctx: RequestContext, entity: EntityModel, grant: Grant | None, ids: Sequence[str]
) -> dict[str, Authorization]:
    """What is decided by record id, as it was spelled; nothing about records that never existed."""
    keys = {record_id: key for record_id in ids if (key := _key(entity, record_id)) is not None}
    if grant is None or not keys:
        return {}
    distinct = list(set(keys.values()))
    rows = await ctx.database.fetch(many_now_sql(entity), distinct)
    there: dict[str, tuple[Mapping[str, Any], bool]] = {
        row["key"]: (exact.loads(row["record"]), row["live"]) for row in rows
    }
    gone = [key for key in distinct if key not in there]
    there |= {
        key: (image, False) for key, image in (await last_images(ctx.database, ctx.model.schema, entity, gone)).items()
    }
    return {record_id: _authorize(entity, grant, *there[key]) for record_id, key in keys.items() if key in there}


def _key(entity: EntityModel, record_id: str) -> str | None:
    try:
        return entity.key.text(entity.key.parse(record_id))
    except RocketError:
        return None


def _authorize(entity: EntityModel, grant: Grant, record: Mapping[str, Any], live: bool) -> Authorization:
    if not grant.covers(record):
        return Authorization(False, live)
    return Authorization(True, live, tuple(name for name in entity.fields if grant.shows(name, record)))
