"""Commits for the tests of this folder."""

from __future__ import annotations

from typing import Any

from libs.shared.contracts.context import AppRef
from libs.shared.contracts.streams import CommitEvent
from services.notify.definitions import NotificationDefinitions

DEFINITIONS = NotificationDefinitions.of(1, [], [])
"""The channels that every app has."""
APP = AppRef("0190a000-0000-7000-8000-000000000001", "shop", "app_shop")
ANN_ID, ANN_EMAIL = "0190a000-0000-7000-8000-00000000000a", "ann@example.com"


def commit(
    action: str = "create",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    changed: dict[str, dict[str, Any]] | None = None,
    entity: str = "ticket",
    position: int = 7,
) -> CommitEvent:
    """One commit of `APP`."""
    return CommitEvent(
        position=position,
        n=1,
        commit_id="0190a000-0000-7000-8000-0000000000c1",
        app_id=APP.id,
        entity=entity,
        record_id="0190a000-0000-7000-8000-0000000000e1",
        version=1,
        action=action,
        before=before,
        after=after,
        changed=changed or {},
        actor={"id": ANN_ID, "email": ANN_EMAIL, "roles": ["admin"]},
        origin={},
        trace_id="0190a000-0000-7000-8000-0000000000f1",
        cause="request",
        cause_depth=0,
        schema_version=3,
        at="2026-05-04T10:00:00+00:00",
    )
