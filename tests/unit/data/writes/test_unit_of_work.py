"""A commit of several records: which statements it runs, and what it appends to the log in the end."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, cast

import pytest

from libs.shared import exact
from libs.shared.errors import RocketError
from libs.shared.postgres.databases import Connection
from libs.shared.postgres.errors import SchemaMoved, UniqueViolation
from services.data.writes.statements import unit_of_work
from services.data.writes.statements.changes import Action
from services.data.writes.statements.unit_of_work import RowRefused, UnitOfWork
from tests.unit.data.writes.shop import COMMAND, ORDER, SHOP, TAG, change

A, B = uuid.UUID(int=10), uuid.UUID(int=11)


class FakeConnection:
    """Answers statements that write with rows of its own making, and keeps what it was asked."""

    def __init__(self, version: int = 7, position: int | None = 41) -> None:
        self.version = version
        self.position = position
        self.statements: list[str] = []
        self.appended: list[Any] = []
        self.found: set[int] | None = None
        """Places that are found, from 1; None for all."""
        self.failure: Exception | None = None

    async def fetch(self, sql: str, *values: Any) -> Sequence[dict[str, Any]]:
        self.statements.append(sql)
        if "AS was" in sql:
            return []  # no record takes a value of another
        if self.failure is not None:
            raise self.failure
        return [
            {"n": n, "position": self.position, "key": str(n), "version": n, "record": "{}", "image": '{"1":1}',
             "previous": '{"2":2}'}
            for n in range(1, len(values[1]) + 1)
            if self.found is None or n in self.found
        ]  # fmt: skip

    async def fetchval(self, sql: str, *values: Any) -> Any:
        if "INSERT INTO data.commits" not in sql:
            return self.version
        self.appended = list(values)
        return self.position

    async def execute(self, sql: str, *values: Any) -> None:
        self.statements.append(sql)


def unit_on(connection: FakeConnection) -> UnitOfWork:
    """A unit of work of the shop."""
    return UnitOfWork(cast(Connection, connection), SHOP, COMMAND)


async def test_entries_are_appended_once_in_the_order_of_the_changes() -> None:
    connection = FakeConnection()
    unit = unit_on(connection)
    await unit.apply(ORDER, Action.CREATE, [change(A, id=A), change(B, id=B)])
    await unit.apply(ORDER, Action.UPDATE, [change(A, code="a")])
    assert await unit.finish() == 41 == await unit.finish()
    numbers, ids, versions, actions = connection.appended[5:9]
    assert (numbers, ids, versions) == ([2, 2, 2], ["1", "2", "1"], [1, 2, 1])
    assert actions == ["create", "create", "update"]
    assert unit.records == 3


async def test_rows_that_set_the_same_columns_share_a_statement() -> None:
    connection = FakeConnection()
    rows = [change(A, code="a"), change(B, state="s"), change(A, code="b")]
    outcome = await unit_on(connection).apply(ORDER, Action.UPDATE, rows)
    assert len([sql for sql in connection.statements if "_row AS" in sql]) == 2
    assert [written.key for written in outcome if written] == ["1", "1", "2"]


async def test_a_commit_of_these_rows_alone_is_logged_by_its_own_statement() -> None:
    connection = FakeConnection()
    unit = unit_on(connection)
    await unit.apply(ORDER, Action.CREATE, [change(A, id=A), change(B, id=B)], is_all=True)
    assert await unit.finish() == 41
    assert "INSERT INTO data.commits" in connection.statements[-1] and not connection.appended
    assert unit.records == 2


async def test_records_of_acyclic_relations_are_logged_later_so_that_cycles_can_be_refused() -> None:
    connection = FakeConnection()
    await unit_on(connection).apply(TAG, Action.CREATE, [change("a", name="a", parent=None)], is_all=True)
    assert "INSERT INTO data.commits" not in connection.statements[-1]


async def test_rows_that_are_not_found_have_no_outcome() -> None:
    connection = FakeConnection()
    connection.found = {2}
    outcome = await unit_on(connection).apply(ORDER, Action.UPDATE, [change(A, code="a"), change(B, code="b")])
    assert outcome[0] is None and outcome[1] is not None


async def test_amended_records_have_one_entry_that_says_what_they_are_in_the_end() -> None:
    connection = FakeConnection()
    unit = unit_on(connection)
    await unit.apply(ORDER, Action.UPDATE, [change(A, code="a")])
    unit.entries[0] = (*unit.entries[0][:5], '{"2":"first"}', None)
    amended = change(1, state="s")
    amended.effects = '[{"type":"notify"}]'
    await unit.amend(ORDER, [amended])
    [entry] = unit.entries
    assert exact.loads(entry[5] or "") == {"2": "first"} and exact.loads(entry[6] or "") == [{"type": "notify"}]
    assert len(unit.unsettled) == 2
    assert unit.has_written(ORDER, (1,)) and not unit.has_written(ORDER, (2,))


async def test_a_taken_value_names_the_second_of_two_rows_that_want_it() -> None:
    connection = FakeConnection()
    connection.failure = UniqueViolation("duplicate")
    connection.failure.detail = "Key (code)=(x) already exists."
    with pytest.raises(RowRefused) as refused:
        await unit_on(connection).apply(ORDER, Action.UPDATE, [change(A, code="x"), change(B, code="x")])
    assert refused.value.place == 1 and refused.value.error.code == "CONFLICT"
    assert refused.value.error.details[0]["field"] == "code"


async def test_nothing_is_committed_under_another_schema() -> None:
    unit = unit_on(FakeConnection(position=None))
    await unit.apply(ORDER, Action.CREATE, [change(A, id=A)])
    with pytest.raises(SchemaMoved):
        await unit.finish()
    with pytest.raises(SchemaMoved):
        await unit_on(FakeConnection(version=8)).finish()
    assert await unit_on(FakeConnection()).finish() == 0


async def test_a_commit_has_a_greatest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unit_of_work, "MAX_ROWS", 1)
    with pytest.raises(RocketError) as refused:
        await unit_on(FakeConnection()).apply(ORDER, Action.CREATE, [change(A, id=A), change(B, id=B)])
    assert refused.value.code == "CONFLICT"


async def test_keys_that_clients_choose_are_locked_before_they_are_created() -> None:
    connection = FakeConnection()
    await unit_on(connection).apply(TAG, Action.CREATE, [change("a", name="a")])
    assert "pg_advisory_xact_lock" in connection.statements[0]
    connection = FakeConnection()
    await unit_on(connection).apply(ORDER, Action.CREATE, [change(A, id=A)])
    assert not any("pg_advisory_xact_lock" in sql for sql in connection.statements)
