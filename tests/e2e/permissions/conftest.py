"""An office that several files of this area look at."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.client import Client
from tests.support.relations import make
from tests.support.staff import RELATIONS, SECRET, STAFF, TEAM, Office, grant


@pytest.fixture(scope="module")
async def office(client: Client) -> AsyncIterator[Office]:
    admin = await client.new_app()
    for definition in (STAFF, TEAM):
        await admin.define(definition)
    for definition in RELATIONS:
        await admin.define(definition, "relations")
    team = await make(admin, "team", title="core", budget=9)
    values = {"card": SECRET, "mail": "ann@example.com", "salary": 70, "team_id": team["id"]}
    first = await make(admin, "staff", name="Ann", badge="z-1", **values)
    second = await make(admin, "staff", name="Bob", state="closed", badge="z-2", boss_id=first["id"], **values)
    await grant(admin, fields={"exclude": ["salary", "badge", "boss_id"]}, masks={"card": "last4"},
                visible_when={"mail": "record.state == 'open'"})  # fmt: skip
    await grant(admin, on="team")
    yield Office(admin, await admin.user("clerk@example.com", ["clerk"]), team, first, second)
