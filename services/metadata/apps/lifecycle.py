"""Creates, changes and deletes apps and their databases.

Databases can't be created or dropped inside a transaction, so an app's row holds its status (`creating`, `active`,
`deleting`), and a worker removes what an interrupted operation left.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import structlog

from libs.shared.contracts.app_bodies import AppBody, NewAppBody
from libs.shared.contracts.apps import AppsChanged
from libs.shared.contracts.context import AppRef, Context
from libs.shared.contracts.identity import SeedAdmin, Seeded
from libs.shared.errors import RocketError, invalid_field, not_found
from libs.shared.ids import uuid7
from libs.shared.postgres.databases import Record
from libs.shared.runtime import Core
from services.metadata.model.identifiers import quote
from services.metadata.state import State
from services.metadata.store import apps

log = structlog.get_logger()

TEMPLATE = "rocket_template"
"""The database that new ones are cloned from."""
CREATE_TIMEOUT_S = 60.0
"""Limit of creating or dropping a database."""


async def create(core: Core, context: Context, app: NewAppBody) -> tuple[bytes, Seeded]:
    """Create the app; returns its row as JSON, and the result of creating its first admin.

    Raises CONFLICT when the name is taken, VALIDATION_FAILED when the admin can't be one.
    """
    server = app.server or ""
    _check_server(server, core.databases.servers)
    app_id = uuid7()
    database = f"rocket_{app.name[:40].replace('-', '_')}_{app_id.hex[-8:]}"
    reference = AppRef(str(app_id), app.name, database, server)
    platform = core.databases.platform
    display_name = app.display_name or app.name
    await apps.insert(platform, reference.id, app.name, display_name, database, server, app.cors_origins)
    try:
        await core.databases.maintenance(server).execute(
            f"CREATE DATABASE {quote(database)} TEMPLATE {TEMPLATE}", timeout=CREATE_TIMEOUT_S
        )
        seeding = SeedAdmin(app.admin.email, app.admin.password or "") if app.admin else SeedAdmin()
        seeded = await core.rpc.request(seeding, context.for_app(reference))
        await apps.activate(platform, reference.id)
    except BaseException:
        await asyncio.shield(_remove(core, reference))
        raise
    await _announce(core, reference.id, app.name)
    row = await apps.get(platform, app.name)
    if row is None:
        raise not_found("App")
    return row, seeded


def _check_server(server: str, servers: Collection[str]) -> None:
    if server and server not in servers:
        known = ", ".join(servers) or "there are none besides the platform's"
        raise invalid_field("server", f"server must be the name of a database server: {known}")


async def change(core: Core, name: str, wanted: AppBody) -> bytes:
    """Change an app; returns its row as JSON. Raises NOT_FOUND."""
    row = await apps.change(core.databases.platform, name, wanted.display_name, wanted.cors_origins)
    if row is None:
        raise not_found("App")
    await _announce(core, row["id"], name)
    app: str = row["app"]
    return app.encode()


async def delete(core: Core, name: str) -> None:
    """Delete the app and all its data. Raises NOT_FOUND."""
    row = await apps.mark_deleting(core.databases.platform, name)
    if row is None:
        raise not_found("App")
    await _announce(core, row["id"], name)
    await _remove(core, _reference(row))


async def remove_interrupted(state: State) -> None:
    """Remove, from time to time, apps that a crash left half created or half deleted."""
    core = state.core
    while True:
        try:
            for row in await apps.find_interrupted(core.databases.platform, CREATE_TIMEOUT_S * 2):
                await _remove_or_log(core, _reference(row))
        except Exception as error:
            log.warning("apps.not_checked", error=str(error))
        await asyncio.sleep(CREATE_TIMEOUT_S)


async def _remove_or_log(core: Core, app: AppRef) -> None:
    """An app that can't be removed, as its server is down, does not delay the others."""
    try:
        await _remove(core, app)
        log.warning("app.cleared_away", app_id=app.id, name=app.name)
    except RocketError as error:
        log.warning("app.not_cleared_away", app_id=app.id, name=app.name, error=error.message)


async def _remove(core: Core, app: AppRef) -> None:
    await core.databases.forget(app)
    await core.databases.maintenance(app.server).execute(
        f"DROP DATABASE IF EXISTS {quote(app.database)} WITH (FORCE)", timeout=CREATE_TIMEOUT_S
    )
    await apps.remove(core.databases.platform, app.id)
    await _announce(core, app.id, app.name)


async def _announce(core: Core, app_id: str, name: str) -> None:
    await core.connection.announce(AppsChanged(app_id=app_id, app_name=name))


def _reference(row: Record) -> AppRef:
    return AppRef(row["id"], row["name"], row["database"], row["server"])
