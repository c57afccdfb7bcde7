"""The first platform account, made when there is none."""

from __future__ import annotations

import asyncio

import structlog

from services.gateway.identity import store
from services.gateway.state import State

log = structlog.get_logger()

RETRY = 0.5
"""Seconds between attempts while the database is away."""


async def seed_platform(state: State) -> None:
    """Make the first account as soon as the database answers; then there is nothing more to do."""
    database = state.core.databases.platform
    while True:
        try:
            if not await store.has_users(database):
                hashed = await state.passwords.hash(state.settings.platform_admin_password)
                email = state.settings.platform_admin_email.lower()
                if await store.seed_user(database, email, hashed, ["admin"]):
                    log.info("platform.seeded", email=email)
            break
        except Exception as error:
            log.warning("platform.not_seeded", error=str(error))
            await asyncio.sleep(RETRY)
    await asyncio.Event().wait()
