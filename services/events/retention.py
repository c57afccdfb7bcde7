"""The worker that drops old days: in one replica, once an hour, app after app."""

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
    """Drop the days beyond the configured retention, until cancelled."""
    pause = FIRST_LOOK_S
    while True:
        await asyncio.sleep(pause)
        try:
            apps = await state.core.apps.all() if LEASE in await state.core.leases.claim([LEASE]) else []
        except Exception as error:
            log.warning("events.retention_waits", error=str(error))
            pause = FIRST_LOOK_S
            continue
        for app in apps:
            await _drop(state, app)
            await asyncio.sleep(PAUSE_S)
        pause = INTERVAL_S


async def _drop(state: State, app: AppRef) -> None:
    """Drop the old days of one app. If its database is unavailable or busy, the next round does it."""
    try:
        dropped = await store.drop_days_before(state.database(app), state.partitions.oldest_day())
    except Exception as error:
        log.warning("events.not_dropped", app=app.name, error=str(error))
        return
    if dropped:
        log.info("events.days_dropped", app=app.name, days=dropped)
