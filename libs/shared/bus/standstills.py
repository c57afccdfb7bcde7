"""Standstills: work of an app that makes no progress, stored in the platform database for all replicas and operators.

The standstill of one app must not take a replica out of traffic, so standstills are shown beside readiness and are not
part of it. If storing one fails or takes long, the work continues.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import structlog

from libs.shared.contracts.context import AppRef
from libs.shared.postgres.databases import Database, Databases
from libs.shared.quotes import unquoted

log = structlog.get_logger()

NOTE_INTERVAL_S = 2.0
"""Seconds between two writes of the same standstill."""
FORGET_AFTER_S = 60
"""Seconds after which a standstill without a further attempt is dropped; longer than any pause between attempts."""
IGNORED_S = 2
"""Seconds for which work may fail before it counts as a standstill."""
TIMEOUT_S = 1.0
"""Seconds that a write may take."""

NOTE = f"""
INSERT INTO bus.standstills AS s (service, app_id, app, what, reason, seen_at)
VALUES ($1, $2, $3, $4, $5, CASE WHEN $6 THEN 'infinity' ELSE now() END)
ON CONFLICT (service, app_id, what) DO UPDATE SET reason = excluded.reason, app = excluded.app,
    seen_at = excluded.seen_at,
    since = CASE WHEN s.seen_at < now() - interval '{FORGET_AFTER_S} seconds' THEN now() ELSE s.since END
"""
CLEAR = "DELETE FROM bus.standstills WHERE service = $1 AND app_id = $2 AND what = $3"
LIST = f"""
SELECT app, service, what, to_json(since) #>> '{{}}' AS since, reason FROM bus.standstills
WHERE service = $1 AND ($2 = '' OR app_id = $2) AND (seen_at = 'infinity' OR (
    seen_at > now() - interval '{FORGET_AFTER_S} seconds' AND since < now() - interval '{IGNORED_S} seconds'))
ORDER BY since, app, what LIMIT 200
"""

Standstill = Mapping[str, str]
"""app, service, what, since, reason."""


class Standstills:
    """The standstills of one service."""

    def __init__(self, service: str, databases: Databases) -> None:
        self._service = service
        self._databases = databases
        self._noted: dict[tuple[str, str], float] = {}

    async def note(self, app: AppRef | None, what: str, reason: str, lasting: bool = False) -> None:
        """Note that work failed and is tried again; with `lasting`, an operator must act first."""
        key = (app.id if app else "", what)
        now = time.monotonic()
        if not lasting and now - self._noted.get(key, -NOTE_INTERVAL_S) < NOTE_INTERVAL_S:
            return
        self._noted[key] = now
        await self._quietly(NOTE, *key[:1], app.name if app else "", what, reason[:1000], lasting)

    async def clear(self, app: AppRef | None, what: str, noted: bool = True) -> None:
        """Note that work continues. Free if this replica has noted no standstill; `noted` False: another may have."""
        key = (app.id if app else "", what)
        if self._noted.pop(key, None) is not None or not noted:
            await self._quietly(CLEAR, *key)

    async def _quietly(self, statement: str, *values: Any) -> None:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._databases.platform.execute(statement, self._service, *values)
        except Exception as error:
            log.warning("standstill.not_noted", error=str(error) or type(error).__name__)


async def standing_still(database: Database, service: str, app_id: str = "") -> list[dict[str, str]]:
    """The standstills of a service in one app or in all, the longest first; at most 200."""
    return [dict(row) for row in await database.fetch(LIST, service, app_id)]


def dead_letters_of(consumer: str) -> str:
    """The standstill of a consumer's dead letters: their records make no progress until they are replayed."""
    return f"dead letters of {consumer}"


def reason_of(error: BaseException) -> str:
    """The text of an error in one line, without quoted values."""
    text = unquoted(str(error))
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
