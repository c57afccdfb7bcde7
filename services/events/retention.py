"""The workers that drop old days, in one replica: once an hour of all apps, and of one whose retention has changed."""

from __future__ import annotations

import asyncio

import structlog

from libs.shared.contracts.context import AppRef
from services.events import store
from services.events.state import State

log = structlog.get_logger()

LEASE = "events/retention"
INTERVAL_S = 3600.0
FIRST_LOOK_S = 60.0
"""Seconds until the first look, and until the next when one failed."""
PAUSE_S = 0.2
"""Seconds between two apps."""


async def retain(state: State) -> None:
    """Drop the days beyond the retention of each app, until cancelled."""
    pause = FIRST_LOOK_S
    while True:
        await asyncio.sleep(pause)
        try:
            apps = await state.core.apps.all() if await _is_ours(state) else []
        except Exception as error:
            log.warning("events.retention_waits", error=str(error))
            pause = FIRST_LOOK_S
            continue
        for app in apps:
            await _drop(state, app)
            await asyncio.sleep(PAUSE_S)
        pause = INTERVAL_S


async def follow_settings(state: State) -> None:
    """Drop what is too old when an app's retention has become shorter, until cancelled."""
    known: dict[str, int] = {}
    while True:
        app_id = await state.schema_changes.get()
        try:
            app = await state.core.apps.by_id(app_id)
            days = (await state.instrumentation(app)).retention_days if app else None
            if app and days is not None and known.get(app_id) != days and await _is_ours(state):
                await _drop(state, app)
                known[app_id] = days
        except Exception as error:
            log.warning("events.retention_waits", error=str(error))


async def _is_ours(state: State) -> bool:
    """Whether this replica is the one that drops."""
    return LEASE in await state.core.leases.claim([LEASE])


async def _drop(state: State, app: AppRef) -> None:
    """Drop the old days of one app. If its database is unavailable or busy, the next round does it."""
    try:
        days = (await state.instrumentation(app)).retention_days
        dropped = await store.drop_days_before(state.database(app), state.partitions.oldest_day(days))
    except Exception as error:
        log.warning("events.not_dropped", app=app.name, error=str(error))
        return
    if dropped:
        log.info("events.days_dropped", app=app.name, days=dropped)
