"""Where an expression has an SQL form, it is true there for exactly the rows for which its closure is."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from deploy.embedded.stack import Stack
from libs.shared import exact
from libs.shared.expressions import compile_expression
from libs.shared.expressions.sql import Column, NotTranslatable, translate
from tests.property.models.expressions import COLUMNS, environment, expressions
from tests.property.models.values import PRECISION, VALUES

NOW = datetime(2026, 1, 2, 3, 4, 5, 60_000, tzinfo=UTC)
USER = {"id": "a", "roles": ["a", "clerk"], "boss": True}
TABLE = ", ".join(f'"{name}" {column_type}' for name, (_, column_type) in COLUMNS.items())
FIELDS = {
    name: Column(
        f'r."{name}"', kind.replace("exact", "decimal"), PRECISION if kind == "decimal" else None
    )
    for name, (kind, _) in COLUMNS.items()
}  # fmt: skip
ROWS = st.lists(
    st.fixed_dictionaries({}, optional={name: VALUES[kind] for name, (kind, _) in COLUMNS.items()}),
    min_size=1,
    max_size=6,
)


EDGES: Sequence[Mapping[str, Any]] = [
    {},
    {"s": "", "t": "a", "n": 0, "price": Decimal(0), "exact": Decimal(0), "yes": False, "data": []},
    {"s": "\u3000\t a\x85\x1f", "t": "\u3000\t", "n": -7, "m": 3, "price": Decimal("-0.50"), "yes": True, "data": {}},
    {"s": "aé😀", "t": "😀", "n": 2**31 - 1, "m": -(2**31), "big": 2**63 - 1, "price": Decimal("9999999999999999.99")},
    {"s": "Z", "t": "a", "n": 5, "m": 5, "exact": Decimal("1e-30"), "no": False, "data": [None]},
    {"s": "ab", "t": "b", "n": 25, "price": Decimal("2.50"), "exact": Decimal("1e40"), "id": uuid.UUID(int=7)},
    {"at": NOW, "until": NOW.replace(microsecond=0), "day": date(2026, 1, 2), "due": date(2026, 1, 1)},
    {"at": datetime(1, 1, 2, tzinfo=UTC), "until": datetime(9999, 12, 30, 23, 59, 59, 999999, UTC)},
    {"day": date(1, 1, 2), "due": date(9999, 12, 30), "at": datetime(2026, 1, 2, tzinfo=UTC)},
]
"""Rows at the edges of their types."""
TRANSLATED = [
    "trim(record.s) == 'a'", "trim(record.t) == ''", "len(record.s) > 2", "len(record.s) == 0", "record.s.length == 3",
    "record.s.length == nil", "record.s < 'a'", "record.s < record.t", "record.s >= 'Z'", "record.s == record.t",
    "record.s + record.t == 'abb'", "record.s + record.t == nil", "record.s + 'x' == 'x'", "record.s + nil == nil",
    "record.n + record.s == '25ab'", "record.s + record.n == nil", "record.s + record.price == 'ab2.5'",
    "record.price + '' == '-0.5'", "record.price + '' == '0'", "ends_with(record.s, record.t)",
    "ends_with(record.s, '')", "starts_with(record.s, 'a')", "contains(record.s, '')", "record.t in record.s",
    "substring(record.s, 1, 1) == 'é'", "substring(record.s, -5) == record.s", "substring(record.s, 5000000000) == ''",
    "replace(record.s, '', 'x') == record.s", "replace(record.s, 'a', 'aa') == 'aab'", "record.s in ['ab', 'Z', nil]",
    "record.n in [record.m, 25]", "record.s in user.roles", "record.n not in []", "record.s != nil && record.n > 2",
    "record.n % 4 == -3", "record.n % -4 == -3", "record.n % 4 == 1", "record.n / 8 == 3.125", "record.n / -0.5 == 14",
    "record.n + record.m > 0", "record.n * record.m < 0", "record.big * 2 > 18446744073709551613", "-record.m > 0",
    "record.big + record.n == 9223372039002259454", "abs(record.m) == 2147483648", "record.price * 3 == 7.5",
    "round(record.price) == 3", "round(record.price) == -1", "round(record.price, 1) == -0.5",
    "round(record.n, -1) == 30",
    "min(record.n, record.m) == -7", "max(record.n, record.m, 4) == 4", "max(record.n, nil) == 25",
    "record.exact == 0.000000000000000000000000000001", "record.exact > record.big", "record.exact", "record.price",
    "record.yes == false", "!record.yes", "record.no != nil", "record.data", "record.data == nil",
    "record.unheard == nil",
    "record.n == 'x'", "record.yes == record.n", "record.n.of == nil", "old != nil", "record", "record.id == 'x'",
    "record.id != nil && record.id < 'a'", "coalesce(record.n, record.m, 1) == 1", "(record.yes ? record.n : 9) == 9",
    "(record.yes ? record.n : nil) == nil", "record.at < now", "record.at == now", "record.at < record.until",
    "record.at > record.day", "date(record.at) >= date(record.day)", "record.day < date(record.at)",
    "date(record.day) == '2026-01-02T00:00:00Z'", "record.day == '2026-01-02'",
    "record.at == '2026-01-02T03:04:05.06+00:00'",
    "record.at > '2026'", "now - record.at >= days(0)", "record.until - record.at > days(3650000)",
    "now - days(1) < record.day",
    "record.at - record.day == days(0)", "year(record.until) == 9999", "year(record.day) == 1", "day(record.at) == 2",
    "month(record.due) == 12", "date(record.day) == 'no date'", "record.at + '' == '2026-01-02T00:00:00+00:00'",
    "any([1, 2], it > 1) && record.n > 5", "record.s == 'a' || action == 'update'", "record.nope < 5", "record.n < nil",
]  # fmt: skip
REFUSED = [
    "record.n / 0", "record.n / 3 == 1", "record.n / record.m == 1", "record.n % record.m == 1", "record.exact + 1 > 0",
    "record.big * record.big * 2 > 0", "record.n > 'a'", "record.yes < true", "-record.s", "record.s - 1",
    "lower(record.s) == 'a'",
    "upper(record.s) == 'A'", "matches(record.s, 'a')", "record.data.a == 1", "len(record.data) == 0",
    "record.data == record.data",
    "record.day + days(1) > now", "record.s > now", "date(record.s) == now", "any(related.x, record.n > 1)",
    "sum([record.n])",
    "record.s in record.n", "record.n in record.s", "record[record.s]", "record == old", "record.s == '\\u0000'",
    "round(record.n, record.m)", "round(record.n, 99)", "days(record.n) > days(1)", "record.n ? 1 : 'a'",
    "min(record.n)",
    "record.s > '2026-01-01' ? record.s > now : record.s > now", "date('no') == record.at", "year(record.s) == 2026",
]  # fmt: skip


class Parameters:
    """The values of a statement."""

    def __init__(self) -> None:
        self.values: list[Any] = []

    def add(self, value: Any, column_type: str) -> str:
        self.values.append(value)
        return f"${len(self.values)}::{column_type}"


@pytest.fixture(scope="module")
async def database(stack: Stack) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(stack.database_url)
    await connection.execute(f"CREATE TEMP TABLE things (n_th int, {TABLE})")
    yield connection
    await connection.close()


@pytest.mark.parametrize("text", TRANSLATED)
async def test_both_forms_agree_at_the_edges(database: asyncpg.Connection, text: str) -> None:
    records = await _store(database, EDGES)
    expression = compile_expression(text)
    wanted = [expression.test(environment(record, USER, NOW)) for record in records]
    assert await _rows_where(database, text) == wanted


@pytest.mark.parametrize("text", REFUSED)
async def test_expressions_that_could_differ_have_no_sql_form(database: asyncpg.Connection, text: str) -> None:
    with pytest.raises(NotTranslatable):
        await _rows_where(database, text)


async def test_the_size_of_a_condition_is_bounded(database: asyncpg.Connection) -> None:
    text = "record.s"
    for _ in range(20):
        text = f"({text} in [true, false, nil])"
    with pytest.raises(NotTranslatable):
        await _rows_where(database, text)


@given(ROWS, st.lists(expressions(), min_size=5, max_size=20))
@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
async def test_both_forms_agree(
    database: asyncpg.Connection, rows: Sequence[Mapping[str, Any]], texts: Sequence[str]
) -> None:
    records = await _store(database, rows)
    for text in texts:
        expression = compile_expression(text)
        try:
            found = await _rows_where(database, text)
        except NotTranslatable:
            event("left to the closure")
            continue
        event("translated")
        wanted = [expression.test(environment(record, USER, NOW)) for record in records]
        assert found == wanted, text


async def _store(database: asyncpg.Connection, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The table holds these rows and no others; answers them as the API would."""
    await database.execute("TRUNCATE things")
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    marks = ", ".join(f"${n}" for n in range(2, len(COLUMNS) + 2))
    for number, row in enumerate(rows):
        values = [_stored(row.get(name)) for name in COLUMNS]
        await database.execute(f"INSERT INTO things (n_th, {names}) VALUES ($1, {marks})", number, *values)
    stored = await database.fetch(f"SELECT row_to_json(x)::text FROM (SELECT {names} FROM things ORDER BY n_th) x")
    return [exact.loads(row[0]) for row in stored]


def _stored(value: Any) -> Any:
    return exact.dumps(value).decode() if isinstance(value, list | dict) else value


async def _rows_where(database: asyncpg.Connection, text: str) -> list[bool]:
    parameters = Parameters()
    rows = {"record": FIELDS, "old": FIELDS}
    known = {"user": USER, "now": NOW, "action": "update", "related": {}}
    condition = translate(compile_expression(text).tree, rows, known, parameters)
    found = await database.fetch(f"SELECT {condition} FROM things r ORDER BY n_th", *parameters.values)
    return [row[0] for row in found]
