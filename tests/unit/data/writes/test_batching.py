"""Writes of single records that share statements: who shares, who waits, what happens when a statement fails."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import asyncpg
import pytest

from libs.shared.errors import RocketError
from libs.shared.postgres.databases import Database
from libs.shared.postgres.errors import SchemaMoved
from services.data.writes.statements import batching
from services.data.writes.statements.batching import WriteBatcher
from services.data.writes.statements.changes import Action, RowChange, Written
from services.data.writes.statements.statements import StatementShape
from tests.unit.data.writes.shop import ORDER, change

SHAPE = StatementShape(Action.UPDATE, ("code",))


class FakeDatabase:
    """Writes what it is given, unless told otherwise; keeps the codes of each statement."""

    def __init__(self) -> None:
        self.statements: list[list[str]] = []
        self.left_out: set[str] = set()
        """Codes that a statement of several rows leaves out, as if their rows were locked."""
        self.failures: dict[str, Exception] = {}
        """Code → what any statement that holds it raises."""
        self.gate = asyncio.Event()
        self.gate.set()

    async def fetch(self, sql: str, *values: Any) -> Sequence[dict[str, Any]]:
        codes: list[str] = values[-1]
        self.statements.append(codes)
        await self.gate.wait()
        await asyncio.sleep(0)
        if failed := [self.failures[code] for code in codes if code in self.failures]:
            raise failed[0]
        skipped = self.left_out if len(codes) > 1 else set()
        return [
            {"n": n, "key": code, "version": 1, "record": "{}", "position": n}
            for n, code in enumerate(codes, 1)
            if code not in skipped
        ]


def writing(batcher: WriteBatcher, database: FakeDatabase, row: RowChange) -> asyncio.Task[Written | None]:
    """One request that writes."""
    return asyncio.create_task(batcher.write(cast(Database, database), ORDER, SHAPE, row, 7))


async def codes_written(*tasks: asyncio.Task[Written | None]) -> list[str]:
    """The codes that requests have written."""
    return [written.key for written in await asyncio.gather(*tasks) if written]


async def test_writes_of_the_same_moment_share_a_statement() -> None:
    batcher, database = WriteBatcher(), FakeDatabase()
    tasks = [writing(batcher, database, change(n, code=str(n))) for n in range(5)]
    assert await codes_written(*tasks) == ["0", "1", "2", "3", "4"]
    assert sum(len(codes) for codes in database.statements) == 5 and len(database.statements) <= 2


async def test_a_batch_has_a_greatest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "MAX_BATCH_CHANGES", 2)
    batcher, database = WriteBatcher(), FakeDatabase()
    await codes_written(*(writing(batcher, database, change(n, code=str(n))) for n in range(6)))
    assert max(map(len, database.statements)) == 2


async def test_the_second_change_of_a_record_waits_for_a_later_statement() -> None:
    batcher, database = WriteBatcher(), FakeDatabase()
    tasks = [writing(batcher, database, change(key, code=code)) for key, code in ((1, "a"), (2, "b"), (1, "c"))]
    assert await codes_written(*tasks) == ["a", "b", "c"]
    assert not any({"a", "c"} <= set(codes) for codes in database.statements)


async def test_a_change_that_was_left_out_is_written_alone() -> None:
    batcher, database = WriteBatcher(), FakeDatabase()
    database.left_out = {"b"}
    tasks = [writing(batcher, database, change(n, code=code)) for n, code in enumerate("abc")]
    assert await codes_written(*tasks) == ["a", "b", "c"]
    assert ["b"] in database.statements


async def test_when_a_statement_fails_only_the_change_at_fault_fails() -> None:
    batcher, database = WriteBatcher(), FakeDatabase()
    database.failures["b"] = RocketError("CONFLICT", "taken")
    database.failures["b"].__cause__ = asyncpg.UniqueViolationError("taken")
    tasks = [writing(batcher, database, change(n, code=code)) for n, code in enumerate("abc")]
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(result, RocketError) for result in results] == [False, True, False]


@pytest.mark.parametrize("error", [SchemaMoved(), ConnectionResetError()])
async def test_no_change_is_tried_again_where_it_may_have_been_stored_or_the_schema_moved(error: Exception) -> None:
    batcher, database = WriteBatcher(), FakeDatabase()
    database.failures["b"] = error
    database.gate.clear()
    tasks = [writing(batcher, database, change(n, code=code)) for n, code in enumerate("abc")]
    await asyncio.sleep(0)
    database.gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(result is error for result in results)
    assert database.statements == [["a", "b", "c"]]


async def test_a_request_that_has_given_up_is_not_written() -> None:
    batcher, database = WriteBatcher(), FakeDatabase()
    database.gate.clear()
    first = writing(batcher, database, change(1, code="a"))
    await asyncio.sleep(0.01)
    second, third = (writing(batcher, database, change(n, code=code)) for n, code in ((2, "b"), (3, "c")))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.sleep(0)
    database.gate.set()
    assert await codes_written(first, third) == ["a", "c"]
    assert database.statements == [["a"], ["c"]]


async def test_a_write_that_waits_for_a_lock_holds_up_the_next_only_briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "ALONE_TIMEOUT_S", 0.001)
    batcher, database = WriteBatcher(), FakeDatabase()
    database.gate.clear()
    locked = writing(batcher, database, change(1, code="a"))
    await asyncio.sleep(0)
    other = writing(batcher, database, change(2, code="b"))
    await asyncio.sleep(0.05)
    assert database.statements == [["a"], ["b"]]
    database.gate.set()
    assert await codes_written(locked, other) == ["a", "b"]
