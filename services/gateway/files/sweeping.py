"""Removes the bytes of files without a description: of uploads that were cut off, of deleted files and apps.

data notes a file's id as loose before its bytes are stored, and again when its description is deleted. The note goes
once the file is described, or its bytes are gone. So the bytes are found here, whatever is killed in between. Described
files are never touched.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import structlog

from libs.shared import clock
from libs.shared.bus.timers.due import Due
from libs.shared.contracts import files as contracts
from libs.shared.contracts.context import AppRef, Context, system_context
from libs.shared.errors import RocketError
from libs.shared.ids import parse_uuid
from libs.shared.runtime import Core
from services.gateway.files.storage import Storage

log = structlog.get_logger()

TIMEOUT_S = 30.0
"""For one look at an app."""
UPLOAD_MARGIN_S = 5.0
"""What an upload may take beyond its limits."""
APPS_INTERVAL_S = 3600.0
"""Between looks for files of deleted apps."""
LEASE = "files/apps"


class Sweeper:
    """Removes loose files that are older than any upload can last: `max_upload_s`."""

    def __init__(self, core: Core, storage: Storage, max_upload_s: float) -> None:
        self._core = core
        self._storage = storage
        self._due = Due(core.databases, core.apps, core.name)
        self._max_age_s = max_upload_s + UPLOAD_MARGIN_S

    async def arm(self, app: AppRef) -> None:
        """Have the app swept when an upload or deletion that begins now has ended. Await it before that begins."""
        await self._due.arm(app.id, clock.now() + timedelta(seconds=self._max_age_s))

    async def discard(self, context: Context, file_id: str) -> None:
        """Remove a loose file's bytes. After a failure the sweep removes them."""
        try:
            await self._storage.remove(context.the_app.id, file_id)
            await self._core.rpc.request(contracts.ForgetFiles([file_id]), context)
        except Exception as error:
            log.info("files.left_to_sweeper", app_id=context.the_app.id, error=type(error).__name__)

    async def sweep_files(self) -> None:
        """Remove loose files when they are due, until cancelled."""
        await self._core.connection.established()
        await self._due.run(self._sweep)

    async def sweep_apps(self) -> None:
        """Remove the files of deleted apps from time to time, until cancelled; one gateway does it."""
        await self._core.connection.established()
        while True:
            try:
                if await self._core.leases.claim([LEASE]):
                    await self._sweep_apps()
            except Exception as error:
                log.warning("files.apps_not_swept", error=str(error))
            await asyncio.sleep(APPS_INTERVAL_S)

    async def _sweep(self, app: AppRef) -> datetime | None:
        context = system_context(TIMEOUT_S, app)
        try:
            loose = await self._core.rpc.request(contracts.ListLooseFiles(self._max_age_s), context)
        except RocketError as error:
            if error.code == "APP_NOT_FOUND":
                return None
            raise
        for file_id in loose.ids:
            await self._storage.remove(app.id, file_id)
        if loose.ids:
            await self._core.rpc.request(contracts.ForgetFiles(loose.ids), context)
            log.info("files.swept", app_id=app.id, files=len(loose.ids))
        return clock.now() + timedelta(seconds=loose.next_in) if loose.next_in is not None else None

    async def _sweep_apps(self) -> None:
        # Files are listed before apps, so that an app which is made meanwhile is not taken for a deleted one.
        stored = [app_id for app_id in await self._storage.apps() if parse_uuid(app_id)]
        living = {app.id for app in await self._core.apps.all()}
        for app_id in stored:
            if app_id not in living:
                await self._storage.remove_app(app_id)
                log.info("files.app_swept", app_id=app_id)
