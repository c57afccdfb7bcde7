"""Bytes that no file is described for are removed: of uploads that were cut off, of files and apps that are deleted.

data notes a file's id as loose before its bytes are stored, and again when its description goes; it is
noted no more once the file is described, or its bytes are gone. So whatever is killed in between, the
bytes can be found again here. What is described is never touched.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import structlog

from libs.shared import clock
from libs.shared.contracts import files as contracts
from libs.shared.contracts.context import AppRef, Context, system_context
from libs.shared.errors import RocketError
from libs.shared.ids import parse_uuid
from services.gateway.state import State

log = structlog.get_logger()

TIME = 30.0
"""Seconds for one look at an app."""
MARGIN = 5.0
"""Seconds that an upload may take beyond its limits, for the way."""
APPS = 3600.0
"""Seconds between looks for files of apps that are no more."""
LEASE = "files/apps"


def patience(state: State) -> float:
    """Seconds after which a loose file belongs to nobody: longer than an upload can last."""
    return state.settings.upload_timeout + state.settings.request_timeout + MARGIN


async def prepare(state: State, app: AppRef) -> None:
    """Have the app looked at when what is about to be uploaded or removed should be settled. Await it before."""
    await state.due.arm(app.id, clock.now() + timedelta(seconds=patience(state)))


async def discard(state: State, context: Context, file_id: str) -> None:
    """Remove a loose file's bytes. What can't be done now is done by the sweeper."""
    try:
        await state.storage.remove(context.the_app.id, file_id)
        await state.core.rpc.request(contracts.ForgetFiles([file_id]), context)
    except Exception as error:
        log.info("files.left_to_sweeper", app_id=context.the_app.id, error=type(error).__name__)


async def sweep_files(state: State) -> None:
    """Remove loose files when they belong to nobody any more."""
    await state.core.connection.established()

    async def sweep(app: AppRef) -> datetime | None:
        return await _sweep(state, app)

    await state.due.run(sweep)


async def sweep_apps(state: State) -> None:
    """Remove the files of apps that are no more, now and then; one gateway does it."""
    await state.core.connection.established()
    while True:
        try:
            if await state.core.leases.claim([LEASE]):
                await _sweep_apps(state)
        except Exception as error:
            log.warning("files.apps_not_swept", error=str(error))
        await asyncio.sleep(APPS)


async def _sweep(state: State, app: AppRef) -> datetime | None:
    context = system_context(TIME, app)
    try:
        loose = await state.core.rpc.request(contracts.ListLooseFiles(patience(state)), context)
    except RocketError as error:
        if error.code == "APP_NOT_FOUND":
            return None
        raise
    for file_id in loose.ids:
        await state.storage.remove(app.id, file_id)
    if loose.ids:
        await state.core.rpc.request(contracts.ForgetFiles(loose.ids), context)
        log.info("files.swept", app_id=app.id, files=len(loose.ids))
    return clock.now() + timedelta(seconds=loose.next_in) if loose.next_in is not None else None


async def _sweep_apps(state: State) -> None:
    # What lies here is listed first: whose files they are was an app before we ask which apps there are.
    stored = [app_id for app_id in await state.storage.apps() if parse_uuid(app_id)]
    living = {app.id for app in await state.core.apps.all()}
    for app_id in stored:
        if app_id not in living:
            await state.storage.remove_app(app_id)
            log.info("files.app_swept", app_id=app_id)
