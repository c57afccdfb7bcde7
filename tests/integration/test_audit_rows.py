"""Audit rows that exist already, as after a restore, are left unchanged."""

from __future__ import annotations

from typing import Any

from deploy.embedded.stack import Stack
from services.events import store
from tests.support.app_database import app_connection
from tests.support.client import Client

SHOWN = "SELECT position, n, action, new_data::text FROM events.audit_logs ORDER BY position, n"


def row(position: int, **parts: Any) -> dict[str, Any]:
    return {
        "position": position, "n": 1, "id": "018f0000-0000-7000-8000-000000000001", "entity": "thing",
        "record_id": "r", "version": 1, "action": "create", "old_data": None, "new_data": {"name": "a\t\\N\n"},
        "changed_fields": ["name"], "user_id": None, "user_email": None,
        "on_behalf_of": None, "cause": None, "ip_address": None, "trace_id": "t",
        "timestamp": "2026-11-26T12:00:00.000001+00:00", **parts,
    }  # fmt: skip


async def test_only_missing_audit_rows_are_written(stack: Stack, admin: Client) -> None:
    async with app_connection(stack, admin) as connection:
        async with connection.transaction():
            await store.insert_audit(connection, [row(1), row(3)])
        async with connection.transaction():
            await store.insert_audit(connection, [row(1, action="update"), row(2, action="update"), row(4)])
            await store.insert_audit(connection, [])
        shown = [tuple(each) for each in await connection.fetch(SHOWN)]
    kept = '{"name": "a\\t\\\\N\\n"}'
    assert shown == [(1, 1, "create", kept), (2, 1, "update", kept), (3, 1, "create", kept), (4, 1, "create", kept)]
