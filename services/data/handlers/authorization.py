"""Permissions for the other services: batches of records, decided in process as for writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from libs.shared import exact
from libs.shared.contracts import records as contracts
from libs.shared.contracts.context import Context
from libs.shared.errors import RocketError, invalid
from libs.shared.postgres.databases import Database
from libs.shared.postgres.errors import SchemaMoved
from services.data.history.records import last_images
from services.data.model import EntityModel, Model
from services.data.permissions import Grant, granted
from services.data.query.statements import many_now_sql
from services.data.request.schema_fence import CURRENT_VERSION, under_current_schema
from services.data.state import State

MOST = 1_000
"""Records of one batch."""
ACTIONS = ("read", "create", "update", "delete")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is decided about one record."""

    allowed: bool = False
    live: bool = False
    fields: tuple[str, ...] = ()


NO = Verdict()


async def authorize_records(state: State, context: Context, request: contracts.AuthorizeRecords) -> contracts.Verdicts:
    if len(request.records) > MOST or request.action not in ACTIONS:
        raise invalid(f"At most {MOST} records can be asked about at once, by one of {', '.join(ACTIONS)}")

    async def attempt(model: Model) -> contracts.Verdicts:
        database = state.database(context.the_app)
        found: dict[tuple[str, str], Verdict] = {}
        for name in dict.fromkeys(entity for entity, _ in request.records):
            if name in model.schema.entities:
                entity = model.entity(name)
                ids = [record_id for other, record_id in request.records if other == name]
                grant = granted(entity, request.action, context.user)
                found |= {(name, key): v for key, v in (await _decide(database, model, entity, grant, ids)).items()}
        if await database.fetchval(CURRENT_VERSION) != model.version:
            raise SchemaMoved
        verdicts = [found.get((entity, record_id), NO) for entity, record_id in request.records]
        return contracts.Verdicts(
            [verdict.allowed for verdict in verdicts],
            [verdict.live for verdict in verdicts],
            [list(verdict.fields) for verdict in verdicts],
        )

    return await under_current_schema(state, context, attempt)


async def _decide(
    database: Database, model: Model, entity: EntityModel, grant: Grant | None, ids: Sequence[str]
) -> dict[str, Verdict]:
    """The verdicts by record id, as it was spelled; nothing of records that never were."""
    keys = {record_id: key for record_id in ids if (key := _key(entity, record_id)) is not None}
    if grant is None or not keys:
        return {}
    distinct = list(set(keys.values()))
    rows = await database.fetch(many_now_sql(entity), distinct)
    there: dict[str, tuple[Mapping[str, Any], bool]] = {
        row["key"]: (exact.loads(row["record"]), row["live"]) for row in rows
    }
    gone = [key for key in distinct if key not in there]
    there |= {key: (image, False) for key, image in (await last_images(database, model.schema, entity, gone)).items()}
    return {record_id: _verdict(entity, grant, *there[key]) for record_id, key in keys.items() if key in there}


def _key(entity: EntityModel, record_id: str) -> str | None:
    try:
        return entity.key.text(entity.key.parse(record_id))
    except RocketError:
        return None


def _verdict(entity: EntityModel, grant: Grant, record: Mapping[str, Any], live: bool) -> Verdict:
    if not grant.covers(record):
        return Verdict(False, live)
    return Verdict(True, live, tuple(name for name in entity.fields if grant.shows(name, record)))
