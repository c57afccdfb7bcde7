"""Lists with any filter, sort and page agree with a plain Python model."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.property.models.queries import Query, Row, queries
from tests.property.models.values import KINDS, VALUES, Field, body, read, shown
from tests.support.client import Client
from tests.support.cursors import walk

NAMES = (
    "select",
    "order",
    "Order",
    "from",
    "group",
    "user",
    "table",
    "limit",
    "null",
    "end",
    "x",
    "row",
    "r",
    "next_version",
    "version",
    "position",
)
KEYS = (("uuid", True), ("int", True), ("bigint", True), ("string", False), ("int", False), ("uuid", False))
KEY_TEXTS = st.text(st.sampled_from("abAé'\"%_ \\😀/?#&+"), min_size=1, max_size=4).filter(
    lambda text: not text.startswith("_")
)
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Case:
    """An entity, its records, which of them are deleted, and what is asked."""

    key: Field
    generated: bool
    soft_delete: bool
    fields: Sequence[Field]
    rows: Sequence[Row]
    deleted: Sequence[bool]
    queries: Sequence[Query]

    def definition(self, name: str) -> dict[str, Any]:
        """The entity as an operator describes it."""
        return {
            "name": name,
            "table": f"{name}_rows",
            "primary_key": {"field": self.key.name, "type": self.key.kind, "generated": self.generated},
            "soft_delete": self.soft_delete,
            "fields": [field.definition for field in (self.key, *self.fields)],
        }


@st.composite
def cases(draw: st.DrawFn) -> Case:
    kind, generated = draw(st.sampled_from(KEYS))
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=2, max_size=5))
    key = Field(names[0], kind)
    fields = [Field(name, draw(st.sampled_from(KINDS))) for name in names[1:]]
    columns = {field.name: st.none() | VALUES[field.kind] for field in fields}
    if not generated:
        columns[key.name] = KEY_TEXTS if kind == "string" else VALUES[kind]
    unique = None if generated else lambda row: row[key.name]
    rows = draw(st.lists(st.fixed_dictionaries({}, optional=columns) if generated else st.fixed_dictionaries(columns),
                         max_size=7, unique_by=unique))  # fmt: skip
    deleted = draw(st.lists(st.sampled_from([False, False, True]), min_size=len(rows), max_size=len(rows)))
    asked = draw(st.lists(queries([*fields, key], rows), min_size=1, max_size=6))
    return Case(key, generated, draw(st.booleans()), fields, rows, deleted, asked)


@pytest.fixture(scope="module")
async def owner(client: Client) -> Client:
    return await client.new_app()


@given(cases())
@settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
async def test_lists_agree_with_the_model(owner: Client, case: Case) -> None:
    name = f"e{next(_numbers)}"
    await owner.define(case.definition(name))
    rows = await asyncio.gather(*(_create(owner, name, case, row) for row in case.rows))
    gone = [row for row, deleted in zip(rows, case.deleted, strict=True) if deleted]
    await asyncio.gather(*(_delete(owner, name, row[case.key.name]) for row in gone))
    live = [row for row in rows if row not in gone]
    await asyncio.gather(*(_check(owner, name, case, live, query) for query in case.queries))


async def _create(owner: Client, name: str, case: Case, sent: Row) -> Row:
    """Store a row; answers it as the model sees it, having compared it with the answer."""
    answer = (await owner.request("POST", f"/{name}", raw=body(sent))).expect(201).data
    stored = {field.name: field.stored(sent.get(field.name)) for field in case.fields}
    stored[case.key.name] = _key(case.key, answer[case.key.name])
    assert _comparable(case, answer) == {name: shown(value) for name, value in stored.items()}
    return stored


async def _delete(owner: Client, name: str, key: Any) -> None:
    (await owner.delete(f"/{name}/{quote(str(key), safe='')}")).expect(200)


async def _check(owner: Client, name: str, case: Case, live: Sequence[Row], query: Query) -> None:
    reply = await owner.get(f"/{name}?{urlencode(query.pairs, quote_via=quote)}")
    if query.refused:
        event("refused")
        assert reply.expect(400).code == "INVALID_PAYLOAD"
        return
    keys, total = query.answer(live, case.key)
    event(f"answers {'some' if keys else 'none'} of {'some' if live else 'none'}")
    found = reply.expect(200)
    by_key = {row[case.key.name]: row for row in live}
    assert [_comparable(case, row) for row in found.data] == [
        {name: shown(value) for name, value in by_key[key].items()} for key in keys
    ]
    assert found.meta == {"page": query.page, "per_page": query.per_page, "total": total}
    if query.page == 1:
        whole = [pair for pair in query.pairs if pair[0] not in ("page", "per_page")]
        everything = (await owner.get(f"/{name}?per_page=100&{urlencode(whole, quote_via=quote)}")).expect(200).data
        path = f"/{name}?per_page={min(query.per_page, 3)}&{urlencode(whole, quote_via=quote)}"
        for direction in ("forward", "backward"):
            assert await walk(owner, path, direction) == everything


def _comparable(case: Case, answer: dict[str, Any]) -> dict[str, Any]:
    fields = {field.name: field for field in (case.key, *case.fields)}
    return {name: read(fields[name], value) for name, value in answer.items()}


def _key(key: Field, answer: Any) -> Any:
    return uuid.UUID(answer) if key.kind == "uuid" else answer
