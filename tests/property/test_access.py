"""SQL, Python and a plain model agree on visible rows and fields.

10,000 cases (a record for somebody under some policies) by default; `PERMISSION_CASES=1000000` for more.
"""

from __future__ import annotations

import itertools
import json
import os
import uuid
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any

import asyncpg
import pytest

from deploy.embedded.stack import Stack
from libs.shared import exact
from libs.shared.permissions.checks import Person as Who
from libs.shared.permissions.profile import Profile, compile_profile
from libs.shared.schema import FieldDefinition, PolicyDefinition, Snapshot
from services.data.model import EntityModel, Model
from services.data.query.compiler import Compiler
from services.data.query.shapes import Output, View
from services.data.query.sources import Tables
from services.data.query.visibility import visible_sql
from tests.property.models.access import (
    EMAIL,
    KINDS,
    ME,
    NAMES,
    SALT,
    TEAMS,
    Access,
    Person,
    Policy,
    Record,
    definition,
    policies,
    record,
)

CASES = int(os.environ.get("PERMISSION_CASES", "10000"))
BATCH = 200 if CASES > 50_000 else 40
"""Records that one statement is asked about."""
NOW = datetime(2026, 1, 2, tzinfo=UTC)
FIELDS = {each["name"]: FieldDefinition.model_validate(each) for each in definition("any")["fields"]}
COLUMNS = ", ".join(f'"{f.name}" {f.column_type}' for f in FIELDS.values())


@pytest.fixture
async def database(stack: Stack) -> AsyncIterator[asyncpg.Connection[Any]]:
    connection = await asyncpg.connect(stack.database_url, statement_cache_size=0)
    await connection.execute("SET TIME ZONE 'UTC'")
    yield connection
    await connection.close()


async def test_sql_python_and_the_model_agree(database: asyncpg.Connection[Any]) -> None:
    random, done, seen, hidden = Random(20261126), 0, 0, 0
    shape = {"number": 1, "definition": definition("thing"), "retired": False}
    shape["field_ids"] = {name: n for n, name in enumerate(KINDS, 1)}
    model = Model(Snapshot.read(1, {"entities": [shape], "kinds": {}}))
    entity = model.entity("thing")
    for number in itertools.count():
        granted = policies(random)
        records = [record(random, str(uuid.UUID(int=n + 1))) for n in range(BATCH)]
        for roles in TEAMS:
            access = Access.of(granted, "read", Person(roles))
            profile = compile_profile(FIELDS, ["id"], _definitions(granted), "read", roles)
            assert (profile is None) == (not access.policies)
            if profile is None:
                continue
            expected = [access.shown(each) if access.sees(each) else None for each in records]
            context = f"set {number} for {roles}: {[each.document('thing') for each in granted]}"
            shown = await _by_sql(database, model, entity, profile, records)
            assert shown == expected, context
            assert all(list(each) == [name for name in KINDS if name in each] for each in shown if each), context
            assert _by_python(profile, roles, records) == expected, context
            assert sorted(profile.askable) == sorted(n for n in KINDS if access.is_askable(n)), context
            done += len(records)
            seen += sum(each is not None for each in expected)
            hidden += sum(each is not None and len(each) < len(KINDS) for each in expected)
        if done >= CASES:
            break
    # Otherwise nothing would have been compared with nothing.
    assert done / 10 < seen < done
    assert seen / 10 < hidden < seen


def _definitions(granted: Sequence[Policy]) -> list[PolicyDefinition]:
    return [PolicyDefinition.model_validate(policy.document("thing")) for policy in granted]


def _who(roles: Sequence[str]) -> Who:
    return Who(ME, EMAIL, tuple(roles), NOW, SALT)


async def _by_sql(
    database: asyncpg.Connection[Any], model: Model, entity: EntityModel, profile: Profile, records: Sequence[Record]
) -> list[Record | None]:
    """What the statements of lists would show of the records, None of those that are not among them."""
    view, compiler = View(profile, 1), Compiler(model, Tables())
    value, forms = compiler.select(entity, "r", Output(), view).objects()
    select = compiler.statement(
        f"SELECT ({visible_sql('r', view)}) IS TRUE AS seen, "
        f"(SELECT to_json({value})::text {forms}) AS shown "
        f"FROM jsonb_to_recordset($1::jsonb) AS r({COLUMNS})"
    )
    rows = await database.fetch(select, json.dumps(records), *profile.values(_who(profile.roles)))
    return [_plain(exact.loads(row["shown"])) if row["seen"] else None for row in rows]


def _by_python(profile: Profile, roles: Sequence[str], records: Sequence[Record]) -> list[Record | None]:
    found: list[Record | None] = []
    for each in records:
        stored = {**each, "d": None if each["d"] is None else Decimal(f"{each['d']:.2f}")}
        who = _who(roles)
        found.append(_plain(profile.visible_values(who, stored)) if profile.rows.holds(stored, who) else None)
    return found


def _plain(shown: Record) -> Record:
    return {name: float(value) if isinstance(value, Decimal) else value for name, value in shown.items()}


def test_the_model_covers_all_kinds_of_fields() -> None:
    assert set(NAMES) | {"id"} == set(KINDS)
