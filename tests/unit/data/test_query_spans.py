"""What the spans of statements say: never values, the same for the same statement."""

from __future__ import annotations

from typing import Any, cast

import pytest

from libs.shared.contracts.context import AppRef, Context
from libs.shared.telemetry import tracing
from libs.shared.telemetry.tracing import Ring
from services.data import query_spans
from services.data.query_spans import described, traced


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT 1", "select"),
        ("SELECT id FROM t WHERE id = $1 FOR UPDATE", "select"),
        ("SELECT id FROM t FOR NO KEY UPDATE", "select"),
        ("\nWITH x AS (INSERT INTO t (a)\nVALUES ($1) RETURNING a) SELECT * FROM x", "insert"),
        ("WITH x AS (SELECT 1) UPDATE t SET a = 1", "update"),
        ("DELETE FROM t", "delete"),
    ],
)
def test_statements_have_kinds_and_fingerprints(sql: str, kind: str) -> None:
    said = described(sql)
    assert said["statement"] == kind and len(said["fingerprint"]) == 16
    assert described(sql.replace(" ", "  ")) == said != described(f"{sql} LIMIT 2")


class Answering:
    """A connection that answers the same to everything."""

    async def fetch(self, sql: str, *args: object) -> list[int]:
        return [1, 2]

    async def fetchrow(self, sql: str, *args: object) -> None:
        return None

    async def fetchval(self, sql: str, *args: object) -> int:
        return 1

    async def execute(self, sql: str, *args: object) -> str:
        return "UPDATE 3"

    def is_closed(self) -> bool:
        return False


async def test_statements_of_a_transaction_leave_spans_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = Ring(100)
    monkeypatch.setattr(tracing, "ring", ring)
    monkeypatch.setattr(query_spans, "MAX_STATEMENT_SPANS", 4)
    connection = traced(cast(Any, Answering()))
    with tracing.remote(Context("t", app=AppRef("i", "a", "d"))):
        await connection.fetch("SELECT $1", "secret")
        await connection.fetchrow("SELECT 2")
        await connection.fetchval("SELECT 3")
        await connection.execute("UPDATE t SET a = 1")
        assert await connection.fetchval("SELECT 5") == 1
    assert not connection.is_closed()
    spans = ring.take(100)
    assert [span.metadata["rows"] for span in spans] == [2, 0, 1, 3]
    assert "secret" not in str([span.metadata for span in spans])
